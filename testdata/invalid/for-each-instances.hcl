# Mistakes say which instance they are about, and mistakes of all are shown once.
locals {
  webs = {
    a = { address = "10.0.0.11", weight = 1 }
    b = { address = "web2", weight = 2 }
    c = { addr = "10.0.0.13", weight = -3 }
  }
}

host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web" {
  for_each = local.webs
  address  = each.value.address
  netns    = "web/1"
  color    = "red"
}

cluster "site" {
  for_each  = { eu = ["10.0.0.100", ["10.0.1.1", "10.0.1.2"]], us = ["10.0.0.1", ["10.0.1.300"]] }
  mode      = "dr"
  vip       = each.value[0]
  directors = [host.lb1]

  service "http" {
    port = 80

    pool "cache" {
      for_each = each.value[1]
      servers  = [each.value, each.value, "10.0.2.1:8080"]
    }

    pool "many" {
      servers = [for i in range(300, 500) : "10.0.${i}.1"]
    }
  }
}

cluster "many" {
  for_each  = range(300, 400)
  mode      = "dr"
  vip       = "10.0.0.${each.key}"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = "${each.key}00"
  }
}
