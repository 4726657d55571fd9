# Paths are relative to the directory of the file that has the call.
locals {
  inventory = csvdecode(file("lists/servers.csv"))
  extra     = fileexists("lists/extra.csv") ? split("\n", file("lists/extra.csv")) : []
}

host "lb1" {
  address   = "192.0.2.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "192.0.2.100"
  algorithm = "wrr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "inventory" {
    servers = concat([for s in local.inventory : "${s.ip} weight ${s.weight}"], local.extra)
  }

  pool "template" {
    servers = compact(split("\n", templatefile("lists/rack.tpl", { lan = "192.0.2", numbers = [30, 31] })))
  }
}
