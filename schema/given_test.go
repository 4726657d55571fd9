package schema

import (
	"net/netip"
	"testing"
)

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
	vars := []Variable{{"vip", "192.0.2.9"}, {"algorithm", "wlc"}, {"port", "8080"}, {"servers", `["10.0.0.7"]`}}
	cfg, _, diags := Parse(map[string][]byte{"c.hcl": []byte(config)}, vars)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	c := cfg.Clusters[0]
	s := c.Services[0]
	if c.VIP != netip.MustParseAddr("192.0.2.9") || s.Algorithm != "wlc" || s.Port != 8080 || s.RealServers[0].Addr != netip.MustParseAddr("10.0.0.7") {
		t.Errorf("got %v %v %v %v", c.VIP, s.Algorithm, s.Port, s.RealServers)
	}
	vars[2].Value = "eighty"
	if _, _, diags := Parse(map[string][]byte{"c.hcl": []byte(config)}, vars); !diags.HasErrors() {
		t.Error("a port of eighty is accepted")
	}
}
