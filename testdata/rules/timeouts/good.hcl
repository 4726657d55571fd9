host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ipvs {
    tcp_timeout = 3600
  }
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 443

    persistence {
      timeout = 3600
    }
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "other" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb2]

  service "http" {
    port = 443

    persistence {
      timeout = 900
    }
  }

  service "udp" {
    port     = 5060
    protocol = "udp"

    persistence {
      timeout = 3600
    }
  }

  service "marked" {
    fwmark  = 1
    packets = ["udp/80"]

    persistence {
      timeout = 3600
    }
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
