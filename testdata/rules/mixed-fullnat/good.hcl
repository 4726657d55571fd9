host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "fullnat"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "far" {
    address = "10.0.1.2"
  }

  real_server "self" {
    host = host.lb1
    mode = "local"
  }
}
