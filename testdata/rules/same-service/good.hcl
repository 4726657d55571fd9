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

cluster "web" {
  mode      = "dr"
  vip       = ["10.0.0.100", "10.0.0.101"]
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
    vip  = "10.0.0.100"
  }

  service "again" {
    port = 80
    vip  = "10.0.0.101"
  }

  service "udp" {
    port     = 80
    protocol = "udp"
  }

  service "marked" {
    fwmark = 1
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "other" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = [host.lb2]

  service "http" {
    fwmark = 1
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
