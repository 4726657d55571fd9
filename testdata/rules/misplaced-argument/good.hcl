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
  gateway   = "10.0.0.1"
  mss       = 1440

  service "http" {
    port = 80
  }

  real_server "nat" {
    address = "10.0.1.2"
    mode    = "nat"
  }

  real_server "tun" {
    address = "10.0.1.3"
    mode    = "tun"
  }
}

cluster "full" {
  mode      = "fullnat"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "10.0.0.1"

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
