host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port      = 80
    algorithm = "wrr"
  }

  pool "webs" {
    servers = ["10.0.1.2", "10.0.1.3 weight 3"]
  }
}

cluster "drained" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "webs" {
    servers = ["10.0.1.2", "10.0.1.3 weight 0"]
  }
}

cluster "same" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "webs" {
    servers = ["10.0.1.2", "10.0.1.3 weight 1"]
  }
}
