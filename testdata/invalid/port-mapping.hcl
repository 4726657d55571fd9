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

  service "http" {
    port = 80
  }

  service "https" {
    port = 443

    pool "tls" {
      servers = ["10.0.0.13:443", "10.0.0.14:8443"]
    }
  }

  real_server "web1" {
    address = "10.0.0.11"
    port    = 8080
  }

  pool "more" {
    port    = 8080
    servers = ["10.0.0.12", "10.0.0.12:8081"]
  }
}
