host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  directors = [host.lb1]

  service "http" {
    port      = 80
    algorithm = "wrrr"
  }

  service "https" {
    port      = 443
    algorithm = "fastest"
  }

  service "dns" {
    port = 53
  }

  service "smtp" {
    port = 25
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "upper" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "RR"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
