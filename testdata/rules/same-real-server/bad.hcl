host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  netns     = "web1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "a" {
    host = host.web1
  }

  real_server "b" {
    address = "10.0.1.1"
  }

  real_server "again" {
    host = host.web1
  }

  pool "c" {
    servers = ["10.0.1.2", "10.0.1.2:80"]
  }
}
