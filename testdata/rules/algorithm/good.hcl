host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "mh"
  directors = [host.lb1]

  service "http" {
    port      = 80
    algorithm = "twos"
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
