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
    wave = "70%"
  }

  service "http" {
    port = 80
  }

  pool "web" {
    servers = ["10.0.0.11", "10.0.0.12", "10.0.0.13"]
  }
}

cluster "alone" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave = 1
  }

  service "http" {
    port = 80
  }

  pool "web" {
    servers = ["10.0.0.11"]
  }
}

cluster "meant" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = [host.lb1]

  rollout {
    wave = 2
  }

  service "http" {
    port = 80
  }

  pool "web" {
    servers = ["10.0.0.11", "10.0.0.12"]
  }

  ignore "rollout-wave" {
    reason = "the rollout is here for its probes"
  }
}
