host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"

  ipvs {
    tcp_timeout = 60
  }
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 443

    persistence {
      timeout = 901
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
    }
  }

  service "marked" {
    fwmark  = 1
    packets = ["udp/80", "tcp/80"]

    persistence {
      timeout = 61
    }
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
