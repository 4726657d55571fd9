host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
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

  probe "server" {
    from = host.client
    http = "http://10.0.0.11/"
  }

  probe "tcp" {
    from = host.client
    tcp  = "[2001:db8::1]:80"
  }
}
