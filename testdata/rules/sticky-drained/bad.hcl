host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"

  ipvs {
    expire_quiescent_template = 0
  }
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 443

    persistence {
      timeout = 60
    }
  }

  pool "webs" {
    servers = ["10.0.1.2", "10.0.1.3 weight 0"]
  }

  real_server "web4" {
    address = "10.0.1.4"
    weight  = 0
  }
}

cluster "other" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb2]

  service "http" {
    port = 443

    persistence {
      timeout = 60
    }
  }

  pool "webs" {
    servers = ["10.0.1.2", "10.0.1.3 weight 0"]
  }

  real_server "web4" {
    address = "10.0.1.4"
    weight  = 0
  }
}
