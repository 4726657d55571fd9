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

  real_server "one" {
    address = "10.0.1.2"
    port    = 8080
  }

  pool "many" {
    port    = 8080
    servers = ["10.0.1.3", "10.0.1.4:80"]
  }

  pool "entry" {
    servers = ["10.0.1.5", "10.0.1.6:8080"]
  }
}

cluster "marked" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    fwmark = 1
  }

  pool "mapped" {
    servers = ["10.0.1.7:8080"]
  }
}
