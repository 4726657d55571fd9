# What clusters have in common stands in one place, and each can say otherwise.

host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"
}

host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  netns     = "web1"
}

defaults {
  mode      = "tun"
  interface = "eth1"
  algorithm = "wrr"
  directors = [host.lb1]
  mss       = 1400
  drain     = "1m30s"
  weight    = 10

  tunnel {
    type = "gue"
    port = 6080
  }
}

cluster "all" {
  vip = "10.0.0.100"

  service "http" {
    port = 80
  }

  service "https" {
    port      = 443
    algorithm = "wlc"
  }

  real_server "web1" {
    host = host.web1
  }

  real_server "web2" {
    address = "10.0.1.2"
    weight  = 5
  }

  real_server "null" {
    address = "10.0.1.3"
    weight  = null
  }

  pool "rest" {
    servers = ["10.0.1.4", "10.0.1.5 weight 7"]
  }
}

cluster "none" {
  mode      = "dr"
  vip       = "10.0.0.101"
  interface = null
  algorithm = null
  drain     = null
  directors = [host.lb2]
  mss       = null

  tunnel {}

  service "http" {
    port      = 80
    algorithm = "rr"
  }

  real_server "web1" {
    host = host.web1
  }
}

# In a mode that has no use for it, an mss that comes from the defaults is none.
cluster "repeated" {
  for_each = { a = "10.0.0.102", b = "10.0.0.103" }
  mode     = "nat"
  vip      = each.value

  service "http" {
    port = 80
  }

  real_server "web" {
    for_each = ["1", "2"]
    address  = "10.0.2.${each.key}"
  }
}
