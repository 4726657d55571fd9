package schema

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// TestIgnored: a diagnostic is ignored by a rule's name alone, and only if the rule can be.
func TestIgnored(t *testing.T) {
	lists := [][]Ignore{{{Rule: "other"}}, {{Rule: "judged"}, {Rule: "warning"}, {Rule: "fault"}}}
	tests := []struct {
		rule *Rule
		want bool
	}{
		{warning(0, "warning", "", "", nil), true},
		{judged(0, "judged", "", "", nil), true},
		{fault(0, "fault", "", "", nil), false},
		{warning(0, "elsewhere", "", "", nil), false},
	}
	for _, test := range tests {
		if got := Ignored(test.rule.Finding(hcl.Range{}, ""), lists...); got != test.want {
			t.Errorf("%s: ignored %v, want %v", test.rule.Name, got, test.want)
		}
	}
	if Ignored(&hcl.Diagnostic{Summary: "warning"}, lists...) {
		t.Error("a diagnostic that comes from no rule is ignored")
	}
}

// TestIgnoreFacts: whether a rule that looks at hosts finds something is not known here,
// so an ignore for it is kept, and not reported as having no use.
func TestIgnoreFacts(t *testing.T) {
	before := rules
	defer func() { rules = before }()
	r := warning(0, "looks-at-hosts", "Looks at hosts", "", nil)
	r.Facts = true
	rules = append(rules[:len(rules):len(rules)], r)

	const config = `
host "lb1" {
  address = "10.0.0.1"
  local   = true
  ignore "looks-at-hosts" { reason = "all is well" }
}`
	cfg, _, diags := Parse(map[string][]byte{"a.hcl": []byte(config)}, nil)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if d := r.Finding(hcl.Range{}, "Something."); !Ignored(d, cfg.Hosts[0].Ignores) {
		t.Errorf("not ignored: %v, %v", d, cfg.Hosts[0].Ignores)
	}
}
