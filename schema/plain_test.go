package schema

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// oddities are what makes a text something else than it looks.
var oddities = []string{
	"", "\"", ",", "]", "[", "{", "}", "\n}\n", "\\", "${", "%{", "\r", "\r\n", "#", "//", "/*", "*/", "<<EOT\n", "\nEOT\n",
	"=", " = ", ">", "é", "\ufeff", "\x00", "\xff", "\n", "\t", " ", "-", "1", "1.5", "true", "null", "a", "a.b", "[a.b]", "[for]", "[true]", "a.b.c\n", "x = host.é\n", "x = [for.a]\n", "?", ":", "(", ")",
	"x = 1\n", "y { z = 2 }\n", "z \"a\" b {\n}\n", "x = [\"a\",\n# \"é\"\n\"b\", // c\n]\n", "x = (\n1)\n", "x = \"é\" # é\n",
}

// TestConfigsAreParsedAlike reads configs as they are, and with something that does not
// belong there.
func TestConfigsAreParsedAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	configs := configsIn(t)
	for _, path := range sortedKeys(configs) {
		if isJSON(path) {
			continue
		}
		sameTree(t, string(configs[path]))
		for range 20 {
			text := slices.Clone(configs[path])
			for range 1 + r.IntN(3) {
				from := r.IntN(len(text) + 1)
				to := min(len(text), from+max(0, r.IntN(12)-8))
				text = slices.Replace(text, from, to, []byte(oddities[r.IntN(len(oddities))])...)
			}
			if tooDeep(text, "a.hcl") == nil {
				sameTree(t, string(text))
			}
		}
	}
}
