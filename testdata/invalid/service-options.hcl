host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "one-packet-tcp" {
    port       = 80
    one_packet = true
  }

  service "flags" {
    port  = 81
    flags = ["sh-prot", "sh-port"]
  }

  service "engine" {
    port = 5060

    persistence {
      engine = "sip"
    }
  }

  service "unknown-engine" {
    port     = 5061
    protocol = "udp"

    persistence {
      engine = "http"
    }
  }

  service "drain" {
    port  = 83
    drain = 30
  }

  service "drain-too-long" {
    port  = 84
    drain = "24h1s"
  }

  service "drain-back" {
    port  = 85
    drain = "-1s"
  }

  service "drain-list" {
    port  = 86
    drain = ["1s"]
  }

  service "all-ports" {
    port = 0
  }

  pool "servers" {
    servers = ["10.0.0.2"]
  }
}
