host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "nat"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "nothing" {}

  service "misspelt" {
    fwmrak = 1
  }

  service "no-mark" {
    port    = 80
    packets = ["tcp/80"]
  }

  service "both" {
    fwmark   = 1
    port     = 80
    protocol = "tcp"
  }

  service "zero" {
    fwmark = 0
  }

  service "protocol" {
    fwmark  = 2
    packets = ["tpc/80"]
  }

  service "port" {
    fwmark  = 3
    packets = ["tcp/0"]
  }

  service "name" {
    fwmark  = 4
    packets = ["tcp/http"]
  }

  service "backwards" {
    fwmark  = 5
    packets = ["udp/5010-5000"]
  }

  service "twice" {
    fwmark  = 6
    packets = ["tcp/80", "udp/80", "tcp/1-100"]
  }

  service "all" {
    fwmark  = 7
    packets = ["udp/53", "udp"]
  }

  service "wrong-protocol" {
    port     = 80
    protocol = "http"
  }

  pool "servers" {
    servers = ["10.0.0.2"]
  }
}
