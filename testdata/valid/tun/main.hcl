# Tunnels of all types, to real servers in other networks, one of them of the other
# address family, and real servers in modes of their own.

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

cluster "web" {
  mode      = "tun"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]
  mss       = 1428

  tunnel {
    type     = "gue"
    port     = 6080
    checksum = "csum"
  }

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }

  real_server "plain" {
    address = "10.2.0.2"

    tunnel {}
  }

  real_server "six" {
    address = "fd00::2"

    tunnel {
      type     = "gre"
      checksum = "csum"
    }
  }

  real_server "near" {
    address = "10.0.0.2"
    mode    = "dr"
  }

  real_server "self" {
    host = host.lb1
    mode = "local"
  }

  pool "transparent" {
    servers = ["10.3.0.2"]
    mode    = "bypass"
  }

  pool "far" {
    servers = ["10.3.0.3"]

    tunnel {
      type     = "gue"
      port     = 6081
      checksum = "remcsum"
    }
  }
}

# Real servers in a tunnel, of a cluster that is not in that mode.
cluster "mixed" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "far" {
    address = "10.2.0.3"
    mode    = "tun"
  }
}
