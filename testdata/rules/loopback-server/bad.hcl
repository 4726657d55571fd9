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

  real_server "self" {
    address = "127.0.0.1"
  }
}

cluster "nat" {
  mode      = "nat"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "self" {
    address = "127.0.0.1"
  }
}

cluster "six" {
  mode      = "dr"
  vip       = "fd00::100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "self" {
    servers = ["::1"]
  }
}
