host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "dns" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave = 1

    probe {
      command = ["dig", "@${server.address}", "example.com"]
    }
  }

  service "dns" {
    protocol = "udp"
    port     = 53
  }

  pool "dns" {
    servers = ["10.0.0.11", "10.0.0.12"]
  }
}

cluster "both" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave = 1
  }

  service "dns" {
    protocol = "udp"
    port     = 53
  }

  service "dns-tcp" {
    port = 53
  }

  pool "dns" {
    servers = ["10.0.0.11", "10.0.0.12"]
  }
}

cluster "meant" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave  = 1
    pause = "1m"
  }

  service "dns" {
    protocol = "udp"
    port     = 53
  }

  pool "dns" {
    servers = ["10.0.0.11", "10.0.0.12"]
  }

  ignore "rollout-probe" {
    reason = "somebody looks during the pause"
  }
}
