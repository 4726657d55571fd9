host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  command   = "ssh lb1"
}

cluster "web" {
  mode      = {}
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = host.lb1

  service "http" {
    port = "eighty"
  }

  service "https" {
    port = [443]
  }

  real_server "web1" {
    address = ["10.0.0.11"]
    weight  = true
  }

  real_server "web2" {
    host = 12
  }

  pool "more" {
    servers = "10.0.0.12"
  }

  pool "numbers" {
    servers = [10, "10.0.0.13", null]
  }
}
