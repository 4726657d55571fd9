package schema

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// An argument that is null counts as missing: it has its default.
func TestNullIsMissing(t *testing.T) {
	const config = `
host "lb" {
  address   = "192.0.2.1"
  interface = "eth0"
  local     = true
}
cluster "c" {
  mode      = "dr"
  vip       = "192.0.2.9"
  algorithm = "rr"
  directors = [host.lb]
  service "s" {
    port     = 80
    protocol = null
    persistence { timeout = null }
    real_server "r" {
      address = "192.0.2.2"
      weight  = null
      port    = null
    }
  }
}`
	cfg, _, diags := Parse(map[string][]byte{"c.hcl": []byte(config)}, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s := cfg.Clusters[0].Services[0]
	if s.Protocol != resource.TCP || s.Persistence.Timeout != defaultTimeout || s.RealServers[0].Weight != 1 || s.RealServers[0].Port != 80 {
		t.Errorf("got %v, %v, %+v", s.Protocol, s.Persistence, s.RealServers)
	}
}

// A value from outside for a variable without a type is read like its default, and as
// text where there is none.
func TestGivenWithoutType(t *testing.T) {
	const config = `
variable "vip" {}
variable "algorithm" { default = "rr" }
variable "port" { default = 80 }
variable "servers" { default = ["10.0.0.1"] }
host "lb" {
  address   = "192.0.2.1"
  interface = "eth0"
  local     = true
}
cluster "c" {
  mode      = "dr"
  vip       = var.vip
  algorithm = var.algorithm
  directors = [host.lb]
  service "s" { port = var.port }
  pool "p" { servers = var.servers }
}`
	vars := inputsOf("vip", "192.0.2.9", "algorithm", "wlc", "port", "8080", "servers", `["10.0.0.7"]`)
	cfg, _, diags := Parse(map[string][]byte{"c.hcl": []byte(config)}, vars)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	c := cfg.Clusters[0]
	s := c.Services[0]
	if c.VIPs[0] != netip.MustParseAddr("192.0.2.9") || s.Algorithm != "wlc" || s.Port != 8080 || s.RealServers[0].Addr != netip.MustParseAddr("10.0.0.7") {
		t.Errorf("got %v %v %v %v", c.VIPs, s.Algorithm, s.Port, s.RealServers)
	}
	vars[2].Value = "eighty"
	if _, _, diags := Parse(map[string][]byte{"c.hcl": []byte(config)}, vars); !diags.HasErrors() {
		t.Error("a port of eighty is accepted")
	}
}

// inputsOf are values as those of --var: names and values in turn.
func inputsOf(namesAndValues ...string) []Input {
	var inputs []Input
	for i := 0; i < len(namesAndValues); i += 2 {
		inputs = append(inputs, Input{Name: namesAndValues[i], Value: namesAndValues[i+1]})
	}
	return inputs
}

func TestEnvironment(t *testing.T) {
	got := Environment([]string{"HOME=/root", "LVSCTL_VAR_b=x=y", "LVSCTL_VAR_=5", "LVSCTL_VAR_a=", "LVSCTL_STATE_DIR=/x", "=C:", "LVSCTL_VAR_c"})
	want := []Input{{Name: "a", Env: true}, {Name: "b", Value: "x=y", Env: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What null stands for depends on whether a variable is nullable.
func TestNullable(t *testing.T) {
	tests := []struct {
		name, arguments, values string
		want                    string // "null", a value, or part of an error
	}{
		{"null", "", "x = null", "null"},
		{"null over a default", "default = 5", "x = null", "null"},
		{"nullable", "default = 5\nnullable = true", "x = null", "null"},
		{"not nullable", "default = 5\nnullable = false", "x = null", "5"},
		{"not nullable, a value", "default = 5\nnullable = false", "x = 6", "6"},
		{"not nullable, nothing given", "default = 5\nnullable = false", "", "5"},
		{"not nullable, a type", "type = number\ndefault = 5\nnullable = false", "x = null", "5"},
		{"no default", "nullable = false", "x = null", "it is null, and the variable is not nullable"},
		{"null by default", "default = null\nnullable = false", "x = 6", "The default is null, and the variable is not nullable."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := "variable \"x\" {\n" + test.arguments + "\nvalidation {\ncondition = jsonencode(var.x) == \"?\"\nerror_message = \"it is ${jsonencode(var.x)}\"\n}\n}\n"
			read := readerOf(map[string]string{"x.vars": test.values})
			_, _, diags := parse(map[string][]byte{"c.hcl": []byte(config)}, []Input{{File: "x.vars"}}, read)
			if !strings.Contains(diags.Error(), test.want) && !strings.Contains(diags.Error(), "it is "+test.want) {
				t.Errorf("got %v, want %s", diags, test.want)
			}
		})
	}
}

// What counts of the command line and the environment is told, but no sensitive value.
func TestGiven(t *testing.T) {
	files := map[string][]byte{"c.hcl": []byte(minimal + `
variable "a" { default = 1 }
variable "b" { default = 1 }
variable "c" { default = 1 }
variable "secret" { sensitive = true }
`)}
	inputs := []Input{
		{Name: "a", Value: "2", Env: true}, {Name: "b", Value: "2", Env: true}, {Name: "nobodys", Value: "x", Env: true},
		{File: "x.vars"}, {Name: "a", Value: "4"}, {Name: "secret", Value: "s3cret"},
	}
	_, sources, diags := parse(files, inputs, readerOf(map[string]string{"x.vars": "a = 3\nc = 3\n"}))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := []Given{{Name: "a", Value: "4"}, {Name: "b", Value: "2", Env: true}, {Name: "secret", Sensitive: true}}
	if diff := cmp.Diff(want, sources.Given()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := (&Sources{}).Given(); len(got) > 0 {
		t.Errorf("of nothing: %v", got)
	}
}
