package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command"
)

// What is documented from the code says what the code says.
func TestDocs(t *testing.T) {
	t.Setenv("LVSCTL_STATE_DIR", "")
	for what, file := range map[string]string{"reference": "docs/reference.md", "schema": "docs/lvsctl.schema.json"} {
		var out, errOut bytes.Buffer
		if code := command.Main([]string{"docs", what}, strings.NewReader(""), &out, &errOut); code != 0 {
			t.Fatalf("lvsctl docs %s: exit code %d\n%s", what, code, &errOut)
		}
		written, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(written), out.String()); diff != "" {
			t.Errorf("%s is not what the code says any more. Run make docs, and look at the difference (-file +code):\n%s", file, diff)
		}
	}
}
