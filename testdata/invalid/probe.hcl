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

  probe "nothing" {
    from = host.client
  }

  probe "null" {
    http = null
  }

  probe "two" {
    http = "http://10.0.0.100/"
    tcp  = "10.0.0.100:80"
  }

  probe "three" {
    http    = "http://10.0.0.100/"
    tcp     = "10.0.0.100:80"
    command = ["true"]
  }

  probe "misspelt" {
    htp    = "http://10.0.0.100/"
    status = 200
  }

  probe "host" {
    from = host.clent
    http = "http://10.0.0.100/"
  }

  probe "quoted" {
    from = "client"
    http = "http://10.0.0.100/"
  }

  probe "scheme" {
    http = "ftp://10.0.0.100/"
  }

  probe "no-scheme" {
    http = "10.0.0.100"
  }

  probe "no-host" {
    http = "http:///index.html"
  }

  probe "broken" {
    http = "http://[2001:db8::1/"
  }

  probe "address" {
    http = "http://10.0.0.1000/"
  }

  probe "url-port" {
    http = "http://10.0.0.100:0/"
  }

  probe "bare" {
    tcp = "10.0.0.100"
  }

  probe "six" {
    tcp = "2001:db8::1:80"
  }

  probe "port" {
    tcp = "10.0.0.100:65536"
  }

  probe "name" {
    tcp = "10.0.0.100:http"
  }

  probe "short" {
    tcp = "10.0.0:80"
  }

  probe "colons" {
    tcp = "[2001:db8::x]:80"
  }

  probe "no-program" {
    command = []
  }

  probe "string" {
    command = "true"
  }

  probe "number" {
    http = 80
  }

  probe "status" {
    http   = "http://10.0.0.100/"
    status = 99
  }

  probe "tcp-status" {
    tcp      = "10.0.0.100:80"
    status   = 200
    contains = "web"
  }

  probe "unit" {
    tcp     = "10.0.0.100:80"
    timeout = 3
  }

  probe "long" {
    tcp     = "10.0.0.100:80"
    timeout = "90m"
  }

  probe "zero" {
    tcp     = "10.0.0.100:80"
    timeout = "0s"
    tries   = 0
  }

  probe "negative" {
    tcp     = "10.0.0.100:80"
    timeout = "-1s"
    tries   = 1.5
  }

  probe "again" {
    tcp = "10.0.0.100:80"
  }

  probe "again" {
    tcp = "10.0.0.100:80"
  }

  probe "a b" {
    tcp = "10.0.0.100:80"
  }
}
