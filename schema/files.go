package schema

import "github.com/hashicorp/hcl/v2"

// Files lists the config files that [Load] would read for the given paths, sorted.
func Files(paths []string) ([]string, hcl.Diagnostics) { return expand(paths) }
