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

  service "dns" {
    protocol = "udp"
    port     = 53
  }

  service "marked" {
    fwmark  = 7
    packets = ["tcp/8000-8010", "udp/9000"]
  }

  real_server "web1" {
    host = host.web1
  }

  probe "https" {
    from = host.client
    http = "https://10.0.0.100/"
  }

  probe "port" {
    from = host.client
    tcp  = "10.0.0.100:81"
  }

  probe "udp" {
    from = host.client
    tcp  = "10.0.0.100:53"
  }

  probe "marked" {
    from = host.client
    tcp  = "10.0.0.100:9000"
  }
}

cluster "two" {
  mode      = "dr"
  vip       = ["10.0.0.101", "10.0.0.102"]
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
    vip  = "10.0.0.101"
  }

  real_server "web1" {
    host = host.web1
  }

  probe "other" {
    from = host.client
    http = "http://10.0.0.102/"
  }
}
