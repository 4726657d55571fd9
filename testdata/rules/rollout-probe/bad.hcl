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
  }

  service "dns" {
    protocol = "udp"
    port     = 53
  }

  pool "dns" {
    servers = ["10.0.0.11", "10.0.0.12"]
  }
}
