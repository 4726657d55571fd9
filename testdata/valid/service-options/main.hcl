# Everything that IPVS can be told about a service.

host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "dns" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]
  drain     = "2h"

  service "queries" {
    protocol   = "udp"
    port       = 53
    one_packet = true
    drain      = "0s"
  }

  service "sticky" {
    port      = 80
    algorithm = "sh"
    flags     = ["sh-port", "sh-fallback"]
  }

  service "maglev" {
    port      = 81
    algorithm = "mh"
    flags     = ["mh-port"]
    drain     = "500ms"
  }

  service "raw" {
    port      = 82
    algorithm = "wlc"
    flags     = ["flag-3"]
  }

  service "calls" {
    protocol = "udp"
    port     = 5060

    persistence {
      timeout = 60
      engine  = "sip"
    }
  }

  service "everything" {
    port = 0

    persistence {
      timeout = 600
      netmask = "255.255.255.0"
    }
  }

  pool "servers" {
    servers = ["10.0.0.2", "10.0.0.3"]
  }
}
