# A mistake in the defaults is reported there, and once.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

defaults {
  mode      = "drr"
  interface = "eth0:1"
  algorithm = each.value
  directors = [host.lb1, host.lb2]
  mss       = 12
  drain     = "30"
  weight    = "heavy"
  vip       = "10.0.0.99"

  tunnel {
    type = "vxlan"
  }

  persistence {
    timeout = 30
  }
}

defaults {
  algorithm = "rr"
}

cluster "a" {
  vip = "10.0.0.100"

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "b" {
  vip = "10.0.0.101"

  service "http" {
    port = 80
  }

  pool "webs" {
    servers = ["10.0.0.11"]
  }
}
