# What can be wrong with several virtual IPs, and with source addresses.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "twice" {
  mode      = "nat"
  vip       = ["10.0.0.100", "10.0.0.100"]
  algorithm = "rr"
  directors = [host.lb1]
}

cluster "families" {
  mode      = "nat"
  vip       = ["10.0.0.100", "fd00::100"]
  algorithm = "rr"
  directors = [host.lb1]
}

cluster "none" {
  mode      = "nat"
  vip       = []
  algorithm = "rr"
  directors = [host.lb1]
}

cluster "object" {
  mode      = "nat"
  vip       = { a = "10.0.0.100" }
  algorithm = "rr"
  directors = [host.lb1]
}

cluster "number" {
  mode      = "nat"
  vip       = ["10.0.0.100", 5]
  algorithm = "rr"
  directors = [host.lb1]
}

cluster "loopback" {
  mode      = "nat"
  vip       = "127.0.0.2"
  algorithm = "rr"
  directors = [host.lb1]
}

cluster "services" {
  mode      = "nat"
  vip       = ["10.0.0.101", "10.0.0.102"]
  algorithm = "rr"
  directors = [host.lb1]

  service "other" {
    port = 80
    vip  = "10.0.0.103"
  }

  service "wrong" {
    port = 81
    vip  = "web"
  }

  pool "servers" {
    servers = ["10.0.0.2"]
  }
}

cluster "source-text" {
  mode      = "fullnat"
  vip       = "10.0.0.104"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "here"
}

cluster "source-last" {
  mode      = "fullnat"
  vip       = "10.0.0.105"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "10.0.0.10-20"
}

cluster "source-families" {
  mode      = "fullnat"
  vip       = "10.0.0.106"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "10.0.0.10-fd00::10"
}

cluster "source-backwards" {
  mode      = "fullnat"
  vip       = "10.0.0.107"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "10.0.0.20-10.0.0.10"
}

cluster "source-many" {
  mode      = "fullnat"
  vip       = "10.0.0.108"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "10.0.0.0-10.0.1.0"
}

cluster "table" {
  mode          = "nat"
  vip           = "10.0.0.109"
  algorithm     = "rr"
  directors     = [host.lb1]
  gateway_table = 254
}

cluster "none-of-them" {
  mode      = "dr"
  vip       = "10.0.0.160"
  algorithm = "rr"
  directors = [host.lb1]

  service "empty-list" {
    port = 80
    vip  = []
  }
}
