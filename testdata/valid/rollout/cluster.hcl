host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

host "web" {
  for_each  = { a = "10.0.0.11", b = "10.0.0.12" }
  address   = each.value
  interface = "eth0"
  netns     = "web${each.key}"
}

cluster "web" {
  for_each  = { one = "10.0.0.100", two = "10.0.0.101" }
  mode      = "dr"
  vip       = each.value
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave       = "25%"
    pause      = "1m30s"
    on_failure = "keep"

    probe {
      http     = "http://${server.address}/${each.key}/${server.name}"
      contains = "ok"
      tries    = 1
    }

    probe {
      tcp = "${server.address}:22"
    }
  }

  service "http" {
    port = 80

    pool "more" {
      servers = ["10.0.0.21", "10.0.0.22"]
    }
  }

  real_server "web" {
    for_each = { a = 1, b = 2 }
    host     = host.web[each.key]
  }
}

cluster "plain" {
  mode      = "nat"
  vip       = "10.0.1.100"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave = 1
  }

  service "http" {
    port = 80
  }

  pool "web" {
    servers = ["10.0.0.31", "10.0.0.32"]
  }
}
