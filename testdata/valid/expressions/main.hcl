# finds several-directors
# References to hosts other than by name, and functions.

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

locals {
  names = ["lb1", "lb2"]
  lan   = join(".", slice(split(".", "10.0.3.9"), 0, 3))
}

cluster "all" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = values(host)

  service "a" {
    port = 80
  }

  real_server "r" {
    address = "${local.lan}.${max(1, 2)}"
  }
}

cluster "named" {
  mode      = "dr"
  vip       = replace(host.lb1.address, "0.1", "0.101")
  algorithm = lower("RR")
  directors = [for name in local.names : host[name]]

  service "a" {
    port = 80

    real_server "r" {
      host    = null
      address = format("%s.%d", local.lan, 3)
    }
  }
}
