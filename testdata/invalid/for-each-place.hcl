# Where for_each and each cannot stand, and what others would write in its place.
locals {
  key = each.key
}

host "lb1" {
  address   = "10.0.0.1"
  interface = each.value
  local     = true

  sysctl "net.ipv4.ip_forward" {
    for_each = ["a"]
    value    = 1
  }
}

host "web" {
  count   = 3
  address = "10.0.0.2"
  netns   = "web"
}

dynamic "host" {
  for_each = ["a"]
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80

    persistence {
      for_each = ["a"]
    }

    dynamic "real_server" {
      for_each = ["10.0.0.3"]

      content {
        address = each.value
      }
    }
  }

  pool "cache" {
    for_each = ["a"]
    servers  = [each.vlaue, each.key.name, eech.key]
  }
}
