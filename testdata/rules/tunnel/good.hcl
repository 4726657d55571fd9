host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "tun"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  tunnel {
    type     = "gue"
    port     = 6080
    checksum = "remcsum"
  }

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "ipip" {
  mode      = "tun"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "gre" {
  mode      = "tun"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = [host.lb1]

  tunnel {
    type     = "gre"
    checksum = "csum"
  }

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
