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
		"lines":       "(" + strings.Repeat("-\n", deep) + "1)",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, diags := Parse(map[string][]byte{"c.hcl": []byte("locals {\n  a = " + value + "\n}\n")}, nil)
			if !diags.HasErrors() || diags[0].Summary != "Nested too deeply" || diags[0].Subject.Start.Line < 2 {
				t.Errorf("got %.300v", diags)
			}
		})
	}
}

// The same goes for JSON, where escapes can stand for brackets.
func TestTooDeepJSON(t *testing.T) {
	const deep = 300_000
	inTemplate := func(text string) string { return `"${` + text + `}"` }
	for name, value := range map[string]string{
		"arrays":    strings.Repeat("[", deep),
		"objects":   strings.Repeat(`{"a":`, deep),
		"brackets":  inTemplate(strings.Repeat("(", deep)),
		"escaped":   inTemplate(strings.Repeat(`\u0028`, deep)),
		"capitals":  inTemplate(strings.Repeat(`\u005B`, deep)),
		"templates": inTemplate(strings.Repeat(`\"$\u007b`, deep)),
		"operators": inTemplate(strings.Repeat(`-\t`, deep) + "1"),
		"lines":     inTemplate("(" + strings.Repeat(`\u002d\n`, deep) + "1)"),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, diags := Parse(map[string][]byte{"c.hcl.json": []byte("{\"locals\": {\n\"a\": " + value + "}}")}, nil)
			if !diags.HasErrors() || diags[0].Summary != "Nested too deeply" || diags[0].Subject.Start.Line != 2 {
				t.Errorf("got %.300v", diags)
			}
		})
	}
}
