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
  algorithm = "rr"
  directors = ["lb1"]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = "10.0.0.11"
  }

  real_server "web2" {
    host = "web2"
  }
}
