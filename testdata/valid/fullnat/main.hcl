# FULLNAT: the director's own address as source, one address and several; and NAT with
# answers by a table of their own.

host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.1.0.2"
  interface = "eth0"
  netns     = "web1"
}

cluster "own" {
  mode      = "fullnat"
  vip       = "10.0.0.1"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
    port = 8080
  }
}

cluster "one" {
  mode      = "fullnat"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "10.0.0.10"

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
    port = 8080
  }

  real_server "self" {
    host = host.lb1
    mode = "local"
  }
}

cluster "several" {
  mode      = "fullnat"
  vip       = "fd00::100"
  interface = "eth1"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "fd00::10 - fd00::1f"

  service "http" {
    port = 80
  }

  pool "far" {
    servers = ["[fd01::2]:8080"]
  }
}

cluster "table" {
  mode          = "nat"
  vip           = "10.0.0.102"
  algorithm     = "rr"
  directors     = [host.lb1]
  gateway       = "10.1.0.1"
  gateway_table = 100

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }
}
