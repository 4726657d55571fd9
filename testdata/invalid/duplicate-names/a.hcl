host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

variable "a" {
  default = 1
}

locals {
  b = 1
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  service "http" {
    port = 81

    real_server "web1" {
      address = "10.0.0.21"
    }

    pool "more" {
      servers = []
    }
  }

  service "alt" {
    port = 82

    real_server "web1" {
      address = "10.0.0.22"
    }
  }

  real_server "web1" {
    address = "10.0.0.11"
  }

  real_server "web1" {
    address = "10.0.0.12"
  }

  pool "more" {
    servers = []
  }

  pool "more" {
    servers = []
  }
}
