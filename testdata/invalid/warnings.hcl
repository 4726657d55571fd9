host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80

    pool "weighted" {
      servers = ["10.0.0.11", "10.0.0.12 weight 3", "10.0.0.13 weight 0"]
    }
  }

  service "https" {
    port      = 443
    algorithm = "lc"

    pool "weighted" {
      servers = ["10.0.0.11", "10.0.0.12 weight 3"]
    }
  }

  service "empty" {
    port = 81
  }

  service "drained" {
    port = 82

    real_server "web1" {
      address = "10.0.0.11"
      weight  = 0
    }
  }
}

cluster "idle" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]
}
