package manual

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compile compiles the schema, which holds it against the schema of schemas.
func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("lvsctl.schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("lvsctl.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// The schema takes every valid config that there is, in JSON syntax.
func TestSchemaTakesConfigs(t *testing.T) {
	const top = "../../../../"
	compiled := compile(t)
	files := []string{top + "schema/example.hcl"}
	for _, pattern := range []string{"examples/*/*.hcl", "testdata/valid/*/*.hcl"} {
		found, err := filepath.Glob(top + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(file, top), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(convert(t, src)); err != nil {
				t.Errorf("%+v", err)
			}
		})
	}
}

// What can be written in several ways is taken in all of them.
func TestSchemaTakes(t *testing.T) {
	tests := []struct{ name, config string }{
		{"empty", `{}`},
		{"one block", `{"host": {"a": {"address": "10.0.0.1", "local": true}}}`},
		{"array of bodies", `{"host": {"a": [{"address": "10.0.0.1", "local": true}]}}`},
		{"array of labels", `{"host": [{"a": {"address": "10.0.0.1", "local": true}}, {"b": {"address": "10.0.0.2", "netns": "b"}}]}`},
		{"block without label", `{"locals": {"a": 1, "b": {"c": [true, null]}}}`},
		{"array of blocks without label", `{"locals": [{"a": 1}, {"b": 2}]}`},
		{"comment", `{"//": "text", "host": {"a": {"//": "text", "address": "10.0.0.1", "local": true}}}`},
		{"blocks that share a key with an argument", `{"host": {"a": {"local": true, "address": ["10.0.0.1", {"10.0.0.2/24": {"interface": "eth0"}, "10.0.0.3/24": [{}]}]}}}`},
		{"number in quotes", service(`"port": "80"`)},
		{"number from a template", service(`"port": "${var.port}"`)},
		{"null", service(`"port": 80, "protocol": null`)},
		{"firewall mark", service(`"fwmark": 1`)},
		{"word from a template", service(`"port": 80, "protocol": "${var.protocol}"`)},
		{"bool in quotes", service(`"port": 80, "one_packet": "true"`)},
		{"list from a template", service(`"fwmark": 1, "packets": "${var.packets}"`)},
		{"template with a condition", service(`"port": 80, "protocol": "%{if var.secure}tcp%{else}udp%{endif}"`)},
		{"address from a template", cluster(`"mode": "dr", "directors": ["${host.lb}"], "vip": "${var.net}.1"`)},
		{"several addresses", cluster(`"mode": "dr", "directors": ["${host.lb}"], "vip": ["10.0.0.1", "${var.vip}"]`)},
		{"the rest from the defaults", cluster(`"vip": "10.0.0.1", "ignore": {"no-services": {"reason": "soon"}}`)},
		{"repeated for a list", service(`"for_each": ["80", "443"], "port": "${each.value}"`)},
		{"repeated for an object", cluster(`"for_each": {"a": {"vip": "10.0.0.1"}}, "vip": "${each.value.vip}"`)},
		{"hosts from a template", cluster(`"mode": "dr", "directors": "${values(host)}", "vip": "fd00::1"`)},
	}
	compiled := compile(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := validate(t, compiled, test.config); err != nil {
				t.Errorf("%s: %+v", test.config, err)
			}
		})
	}
}

// What cannot be right is refused, at the place where it is.
func TestSchemaRefuses(t *testing.T) {
	tests := []struct{ name, config, at string }{
		{"unknown block", `{"hosts": {}}`, ``},
		{"unknown argument", service(`"port": 80, "prot": "tcp"`), `/cluster/c/service/s`},
		{"argument of another block", `{"host": {"a": {"address": "10.0.0.1", "local": true, "port": 80}}}`, `/host/a`},
		{"missing argument", cluster(`"mode": "dr", "directors": ["${host.lb}"]`), `/cluster/c`},
		{"unknown argument of a block in such an array", `{"host": {"a": {"local": true, "address": ["10.0.0.1", {"10.0.0.2/24": {"link": "eth0"}}]}}}`, `/host/a/address/1/10.0.0.2~124`},
		{"none of several arguments", service(`"protocol": "tcp"`), `/cluster/c/service/s`},
		{"null for a required argument", cluster(`"mode": null, "vip": "10.0.0.1", "directors": ["${host.lb}"]`), `/cluster/c/mode`},
		{"no label", `{"host": {"address": "10.0.0.1", "local": true}}`, `/host/address`},
		{"text for a block", `{"host": "a"}`, `/host`},
		{"unknown word", service(`"port": 80, "protocol": "tpc"`), `/cluster/c/service/s/protocol`},
		{"number out of bounds", service(`"port": 65536`), `/cluster/c/service/s/port`},
		{"negative number", service(`"port": -1`), `/cluster/c/service/s/port`},
		{"fraction", service(`"port": 80.5`), `/cluster/c/service/s/port`},
		{"text for a number", service(`"port": "http"`), `/cluster/c/service/s/port`},
		{"number for a bool", service(`"port": 80, "one_packet": 1`), `/cluster/c/service/s/one_packet`},
		{"text for a list", service(`"port": 80, "flags": "sh-port"`), `/cluster/c/service/s/flags`},
		{"list in a list", service(`"port": 80, "flags": [["sh-port"]]`), `/cluster/c/service/s/flags/0`},
		{"prefix length", cluster(`"mode": "dr", "vip": "10.0.0.1/32", "directors": ["${host.lb}"]`), `/cluster/c/vip`},
		{"no address", cluster(`"mode": "dr", "vip": [], "directors": ["${host.lb}"]`), `/cluster/c/vip`},
		{"host by its name", cluster(`"mode": "dr", "vip": "10.0.0.1", "directors": ["lb"]`), `/cluster/c/directors/0`},
		{"one host for a list", cluster(`"mode": "dr", "vip": "10.0.0.1", "directors": "lb"`), `/cluster/c/directors`},
		{"two of a block", service(`"port": 80, "persistence": [{}, {}]`), `/cluster/c/service/s/persistence`},
	}
	compiled := compile(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := validate(t, compiled, test.config)
			if err == nil {
				t.Fatalf("%s is taken", test.config)
			}
			if at := "'" + test.at + "'"; !strings.Contains(err.Error(), "at "+at) {
				t.Errorf("no word about %s in\n%v", at, err)
			}
		})
	}
}

// cluster is a config with a cluster that has some arguments.
func cluster(arguments string) string { return `{"cluster": {"c": {` + arguments + `}}}` }

// service is a config with a service that has some arguments.
func service(arguments string) string {
	return cluster(`"mode": "dr", "vip": "10.0.0.1", "directors": ["${host.lb}"], "service": {"s": {` + arguments + `}}`)
}

func validate(t *testing.T, compiled *jsonschema.Schema, config string) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(config))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(document)
}
