host "lb1" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"
}

variable "a" {
  default = 2
}

locals {
  b = 2
}

cluster "web" {
  mode      = "dr"
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
