# What rules find in the defaults is at its place there.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"
}

defaults {
  mode      = "dr"
  algorithm = "rr"
  directors = [host.lb1, host.lb2]
  weight    = 10
}

cluster "a" {
  vip = "10.0.0.100"

  service "http" {
    port = 80
  }

  pool "webs" {
    servers = ["10.0.0.11", "10.0.0.12 weight 5"]
  }
}

cluster "b" {
  vip       = "10.0.0.101"
  directors = []

  service "http" {
    port = 80
  }

  pool "webs" {
    servers = ["10.0.0.11", "10.0.0.12 weight 5"]
  }
}
