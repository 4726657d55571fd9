package schema

import (
	"strings"
	"testing"
)

// TestInstanceNamesStay: what an instance is called depends on its key alone.
func TestInstanceNamesStay(t *testing.T) {
	const config = `
variable "webs" { type = list(string) }
host "web" {
  for_each = var.webs
  address  = "10.0.0.${each.value}"
  netns    = "web${each.key}"
}`
	names := func(webs string) string {
		cfg, _, diags := Parse(map[string][]byte{"c.hcl": []byte(config)}, []Input{{Name: "webs", Value: webs}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		var list []string
		for _, h := range cfg.Hosts {
			list = append(list, h.Name+"="+h.Address.String())
		}
		return strings.Join(list, " ")
	}
	if got, want := names(`["7", "2"]`), "web.2=10.0.0.2 web.7=10.0.0.7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := names(`["1", "7", "3", "2"]`), "web.1=10.0.0.1 web.2=10.0.0.2 web.3=10.0.0.3 web.7=10.0.0.7"; got != want {
		t.Errorf("with two more: got %s, want %s", got, want)
	}
}

// TestTooManyInstances: one for_each in another multiplies.
func TestTooManyInstances(t *testing.T) {
	before := maxInstances
	defer func() { maxInstances = before }()
	maxInstances = 100

	const config = `
host "lb" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}
cluster "c" {
  for_each  = range(10)
  mode      = "dr"
  vip       = "10.0.1.${each.key}"
  algorithm = "rr"
  directors = [host.lb]
  service "s" {
    for_each = range(1, 10)
    port     = each.key
    pool "p" { servers = ["10.0.0.2"] }
  }
  SERVERS
}`
	_, _, diags := Parse(map[string][]byte{"c.hcl": []byte(strings.Replace(config, "SERVERS", "", 1))}, nil)
	if len(diags) > 0 {
		t.Errorf("exactly as many as there can be: %v", diags)
	}
	const one = "pool \"q\" {\n  for_each = [1]\n  servers = [\"10.0.0.3\"]\n}"
	_, _, diags = Parse(map[string][]byte{"c.hcl": []byte(strings.Replace(config, "SERVERS", one, 1))}, nil)
	if len(diags) != 1 || diags[0].Summary != "Too many instances" {
		t.Errorf("with more: %v", diags)
	}
}
