package schema

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// TestRuleCases holds every rule that looks at the config to two of them: one where it finds
// something, which golden output shows, and one that is much alike, where there is nothing to
// find. Both are free of anything else.
func TestRuleCases(t *testing.T) {
	t.Chdir("../testdata/rules")
	cases := 0
	for _, r := range rules {
		if r.Facts {
			continue
		}
		cases++
		t.Run(r.Name, func(t *testing.T) {
			_, sources, found := Load([]string{filepath.Join(r.Name, "bad.hcl")}, nil)
			text := show(t, sources, found)
			if len(found) == 0 || otherThan(r, found) {
				t.Errorf("not this rule alone:\n%s", text)
			}
			compare(t, filepath.Join(r.Name, "bad.golden"), text)

			config, sources, found := Load([]string{filepath.Join(r.Name, "good.hcl")}, nil)
			if config == nil || len(found) > 0 {
				t.Errorf("findings where there is nothing to find:\n%s", show(t, sources, found))
			}
		})
	}
	dirs, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) != cases {
		t.Errorf("%d directories for %d rules", len(dirs), cases)
	}
}

// otherThan tells whether some diagnostic comes from anything but a rule.
func otherThan(r *Rule, diags hcl.Diagnostics) bool {
	for _, d := range diags {
		if RuleOf(d) != r {
			return true
		}
	}
	return false
}
