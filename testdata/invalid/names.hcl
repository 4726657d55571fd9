host "lb 1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

variable "1st" {
}

cluster "" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]
}

host "lb2" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb2"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb2]

  service "tcp:80" {
    port = 80
  }

  service "--host" {
    port = 81
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
