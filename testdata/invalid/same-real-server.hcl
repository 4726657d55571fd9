host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

host "web1" {
  address = "10.0.0.11"
  netns   = "web1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "wrr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  service "https" {
    port = 443
  }

  real_server "web1" {
    host = host.web1
  }

  real_server "web1-again" {
    address = "10.0.0.11"
  }

  pool "more" {
    servers = ["10.0.0.12", "10.0.0.13", "10.0.0.12 weight 3"]
  }
}
