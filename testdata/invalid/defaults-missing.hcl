# What the defaults do not say, clusters must.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

defaults {
  mod       = "dr"
  algoritm  = "rr"
  directors = [host.lb1]
}

cluster "a" {
  vip       = "10.0.0.100"
  directors = null

  service "http" {
    port = 80
  }

  pool "webs" {
    servers = ["10.0.0.11"]
  }
}

cluster "b" {
  vip       = "10.0.0.101"
  algorithm = null

  service "http" {
    port = 80
  }
}
