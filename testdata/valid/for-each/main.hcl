# finds several-directors
# Blocks that are repeated: hosts from a list and from a map, clusters for sites, services
# for ports, real servers within them, and pools.

variable "ports" {
  type    = set(string)
  default = ["80", "443"]
}

locals {
  webs = {
    a = { address = "10.0.1.1", weight = 3 }
    b = { address = "10.0.1.2", weight = 1 }
  }
  sites = {
    eu = { vip = "10.0.0.100", caches = { x = ["10.1.0.1"], y = ["10.1.0.2", "10.1.0.3"] } }
    us = { vip = "10.0.0.101", caches = {} }
  }
}

host "lb" {
  for_each  = range(1, 3)
  address   = "10.0.0.${each.value}"
  interface = "eth0"
  netns     = "lb${each.key}"
}

host "web" {
  for_each  = local.webs
  address   = each.value.address
  interface = "eth0"
  command   = ["ssh", each.key]

  sysctl "net.ipv4.conf.all.rp_filter" {
    value = each.value.weight - 1
  }
}

host "db-1" {
  address = "10.0.2.1"
  netns   = "db"
}

# One by one, by a key that is computed, and all of them.
cluster "refs" {
  mode      = "nat"
  vip       = host.lb["1"].address
  algorithm = "rr"
  directors = [host.lb["1"]]
  gateway   = [for h in host.lb : h.address if h.interface == "eth0"][0]

  service "http" {
    port = 80
  }

  real_server "a" {
    host = host.web.a
  }

  real_server "rest" {
    for_each = { for k, h in host.web : k => h if k != "a" }
    host     = each.value
  }

  real_server "none" {
    for_each = []
    address  = each.key
  }
}

cluster "site" {
  for_each  = local.sites
  mode      = "dr"
  vip       = each.value.vip
  algorithm = each.key == "eu" ? "wlc" : "wrr"
  directors = [host.lb[each.key == "eu" ? "1" : "2"]]

  service "port" {
    for_each = var.ports
    port     = each.value
  }

  # Its each is that of the cluster.
  service "ssh" {
    port = each.key == "eu" ? 22 : 2222

    real_server "web" {
      for_each = local.webs
      host     = host.web[each.key]
      weight   = each.value.weight
    }
  }

  real_server "db" {
    host = host.db-1
  }

  pool "cache" {
    for_each = each.value.caches
    servers  = each.value
  }
}

# A list of all hosts of a block.
cluster "everywhere" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = values(host.lb)

  service "http" {
    port = 80
  }

  real_server "db" {
    for_each = { db = host.db-1 }
    host     = each.value
  }
}
