host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ipvs {
    sync_daemon "master" {
      interface = "eth1"
    }
  }
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "six" {
    address = "fd00::2"
  }
}

cluster "tunnel" {
  mode      = "tun"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "six" {
    address = "fd00::2"
  }
}
