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
    port = 443

    persistence {
      netmask = "255.0.255.0"
    }
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "six" {
  mode      = "dr"
  vip       = "fd00::100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 443

    persistence {
      netmask = "255.255.255.0"
    }
  }

  pool "six" {
    servers = ["fd00::2"]
  }
}
