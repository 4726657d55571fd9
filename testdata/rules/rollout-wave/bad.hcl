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
    wave = 3
  }

  service "http" {
    port = 80
  }

  pool "web" {
    servers = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
  }
}

cluster "shop" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave = "100%"
  }

  service "http" {
    port = 80
  }

  pool "web" {
    servers = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
  }
}
