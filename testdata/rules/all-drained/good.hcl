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
    port = 80
  }

  pool "webs" {
    weight  = 0
    servers = ["10.0.1.2", "10.0.1.3 weight 1"]
  }
}
