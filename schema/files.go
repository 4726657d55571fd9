package schema

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// Files lists the files that [Format] can lay out, sorted: the given files, and of the
// given directories those that [Load] would read. Files in JSON are not among them; to
// name one is an error.
func Files(paths []string) ([]string, hcl.Diagnostics) {
	names, diags := expand(paths)
	for _, path := range paths {
		if path = filepath.Clean(path); isJSON(path) && slices.Contains(names, path) {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "No layout for JSON",
				Detail:   fmt.Sprintf("The file %q is in JSON, and fmt lays out files in HCL's own syntax only. Other programs do it for JSON, such as jq.", path),
			})
		}
	}
	return slices.DeleteFunc(names, isJSON), diags
}
