package schema

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
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
		sameTree(t, strings.ReplaceAll(string(configs[path]), "\n", "\r\n"))
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

// someEntries are the servers of a pool: good ones, wrong ones as well, or also such as are
// no plain strings.
func someEntries(r *rand.Rand) string {
	entries := []string{
		"10.0.0.%d", "10.0.0.%d:80", "10.0.0.%d weight 5", "10.0.1.%d:8080   weight  0 ", "[fd00::%d]:80", "fd00::%d",
		"10.0.0.%d:0", " 10.0.0.%d weight", "10.0.0.%d weight 5 weight 6", "10.0.0.%d/24", "web%d", "127.0.0.%d", "10.0.0.%d:http", "", "é%d", "10.0.0.%d\tweight 1", "${each.key}%d", "1\\u0030.0.0.%d",
	}
	some := []int{4, 6, 13, 13, len(entries)}[r.IntN(5)]
	between := []string{"\n    ", " ", "", "\t", "\n", " # é \"x\",\n", "// \"y\"\n", "\r\n"}
	var b strings.Builder
	for range r.IntN(25) {
		entry := entries[r.IntN(some)]
		if strings.Contains(entry, "%") {
			entry = fmt.Sprintf(entry, 1+r.IntN(200))
		}
		fmt.Fprintf(&b, "%s\"%s\"%s,", between[r.IntN(len(between))], entry, between[r.IntN(len(between))])
	}
	return "[" + b.String() + between[r.IntN(len(between))] + "]"
}

// TestPoolsAreReadAlike reads pools from the text of their lists and from the syntax tree.
func TestPoolsAreReadAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	repeat := func() string {
		return []string{"", "", "", "for_each = [\"a\", \"b\"]\n", "for_each = []\n"}[r.IntN(5)]
	}
	for range 200 {
		text := "host \"lb\" {\n  address = \"192.0.2.1\"\n  interface = \"eth0\"\n  local = true\n}\n" +
			"cluster \"c\" {\n  " + repeat() + "  mode = \"" + []string{"nat", "dr", "tun"}[r.IntN(3)] + "\"\n  vip = [\"192.0.2.9\"]\n  algorithm = \"rr\"\n  directors = [host.lb]\n" +
			"  pool \"o\" {\n    " + repeat() + "    servers = " + someEntries(r) + "\n  }\n" +
			"  service \"s\" {\n    " + repeat() + "    port = 80\n" +
			"    pool \"p\" {\n    " + repeat() + "    servers = " + someEntries(r) + " # é\n    weight = 7\n    port = 8080\n  }\n" +
			"    pool \"q\" {\n    servers = " + someEntries(r) + "\n  }\n  }\n}"
		got, gotSources, gotDiags := Parse(map[string][]byte{"a.hcl": []byte(text)}, nil)
		// With a comment that is not plain, HCL's parser reads the cluster.
		want, wantSources, wantDiags := Parse(map[string][]byte{"a.hcl": []byte(text + "/**/")}, nil)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotDiags, wantDiags) || show(t, gotSources, gotDiags) != show(t, wantSources, wantDiags) {
			t.Fatalf("%v\n%v\nof\n%s", gotDiags, wantDiags, text)
		}
	}
}
