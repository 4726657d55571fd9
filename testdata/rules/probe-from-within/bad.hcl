host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.0.0.11"
  interface = "eth0"
  netns     = "web1"
}

host "client" {
  address = "10.0.0.200"
  netns   = "client"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }

  probe "director" {
    from = host.lb1
    http = "http://10.0.0.100/"
  }

  probe "here" {
    tcp = "10.0.0.100:80"
  }

  probe "server" {
    from = host.web1
    http = "http://10.0.0.100/"
  }
}
