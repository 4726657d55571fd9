package schema

import (
	"strings"
	"testing"
)

// However deep a file is nested, it is refused or read, and never ends the program.
func TestTooDeep(t *testing.T) {
	const deep = 300_000
	for name, value := range map[string]string{
		"parentheses": strings.Repeat("(", deep) + "1" + strings.Repeat(")", deep),
		"lists":       strings.Repeat("[", deep),
		"templates":   strings.Repeat(`"${`, deep),
		"operators":   strings.Repeat("-", deep) + "1",
		"negations":   strings.Repeat("! ", deep) + "true",
		"conditions":  strings.Repeat("true ? 1 : ", deep) + "1",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, diags := Parse(map[string][]byte{"c.hcl": []byte("locals {\n  a = " + value + "\n}\n")}, nil)
			if !diags.HasErrors() || diags[0].Summary != "Nested too deeply" || diags[0].Subject.Start.Line != 2 {
				t.Errorf("got %.300v", diags)
			}
		})
	}
}
