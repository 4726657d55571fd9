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

  rollout {
    wave       = "0%"
    pause      = "2d"
    on_failure = "ignore"

    probe {
      http = "http://${server.adress}/"
    }

    probe {
      tcp    = "${server.address}"
      status = 200
    }

    probe {
      command = ["true"]
      tcp     = "10.0.0.11:80"
    }

    probe {
    }
  }

  rollout {
    wave = 1
  }

  service "http" {
    port = 80
  }

  pool "web" {
    servers = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
  }

  probe "pages" {
    http = "http://${server.address}/"
  }
}

cluster "lacking" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    pause = "1m"
  }

  service "http" {
    port = 80
  }
}

cluster "more" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave = -1
  }

  service "http" {
    port = 80
  }
}

cluster "most" {
  mode      = "dr"
  vip       = "10.0.0.103"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave = "101%"
  }

  service "http" {
    port = 80
  }
}
