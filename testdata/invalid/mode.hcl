host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "tun"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "b" {
  mode      = "drr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
