host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1, host.lb2]

  service "http" {
    port = 80
  }

  service "web" {
    protocol = "tcp"
    port     = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "again" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb2]

  service "http" {
    port = 80
  }

  service "other" {
    port = 81
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
