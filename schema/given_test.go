package schema

import (
	"net/netip"
	"testing"

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
