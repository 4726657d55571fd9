variable "team" {
  default = "the load balancer team"
}

host "lb1" {
  address   = "192.0.2.10"
  interface = "eth0"
  command   = ["ssh", "lb1"]
}

host "web" {
  for_each  = { a = "192.0.2.11", b = "192.0.2.12" }
  address   = each.value
  interface = "eth0"
  command   = ["ssh", each.key]
}

defaults {
  mode      = "dr"
  algorithm = "rr"
  directors = [host.lb1]
}

cluster "shop" {
  for_each = { eu = "192.0.2.100", us = "192.0.2.101" }
  vip      = each.value

  service "http" {
    port = 80
  }

  real_server "web" {
    for_each = host.web
    host     = each.value
  }
}

policy "capacity" {
  message     = "Ask ${var.team} first."
  max_removed = "25%"
}

policy "everything" {
  message      = <<-EOT
    Two lines
    of reason.
  EOT
  max_removed  = "0 %"
  keep_servers = true
  keep_vips    = true
  hosts        = concat([host.lb1], values(host.web))
  clusters     = ["shop.eu"]

  window {
    days = ["sun", "mon"]
    from = "22:00"
    to   = "05:30"
    zone = "Europe/Berlin"
  }

  window {
    from = "12:00"
  }
}

policy "not-at-weekends" {
  message      = "Nobody is there to help."
  keep_servers = false

  window {
    days = ["mon", "tue", "wed", "thu", "fri"]
  }
}
