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
    for_each = [80, 8080]
    port     = each.value
  }

  real_server "web1" {
    host = host.web1
  }

  probe "pages" {
    from     = host.client
    http     = "http://10.0.0.100/"
    status   = 200
    contains = "web"
    timeout  = "1.5s"
    tries    = 1
  }

  probe "defaults" {
    from = host.client
    http = "http://10.0.0.100:80/index.html?q=1"
  }

  probe "named" {
    http = "https://www.example.com"
  }

  probe "port" {
    from    = host.client
    tcp     = "10.0.0.100:80"
    timeout = "1h"
    tries   = 100
  }

  probe "name" {
    tcp = "www.example.com:80"
  }

  probe "program" {
    from    = host.web1
    command = ["curl", "-f", "ftp://10.0.0.100/"]
  }

  probe "null" {
    from    = null
    http    = null
    tcp     = "10.0.0.100:80"
    timeout = null
    tries   = null
  }

  probe "each" {
    for_each = [80, 8080]
    from     = host.client
    http     = "http://10.0.0.100:${each.value}/"
  }
}

cluster "six" {
  mode      = "dr"
  vip       = "2001:db8::1"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "2001:db8::11"
  }

  probe "pages" {
    from = host.client
    http = "http://[2001:db8::1]/"
  }

  probe "port" {
    from = host.client
    tcp  = "[2001:db8::1]:80"
  }
}
