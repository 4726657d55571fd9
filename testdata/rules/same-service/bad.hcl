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

  service "http" {
    port = 80
  }

  service "again" {
    port = 80
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
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    fwmark = 1
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
