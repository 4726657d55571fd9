host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "web1"
}

cluster "web" {
  mode          = "nat"
  vip           = "10.0.1.100"
  algorithm     = "rr"
  directors     = [host.lb1]
  gateway_table = 100

  service "last" {
    port = 65535

    pool "others" {
      servers = ["10.0.0.9"]
    }

    real_server "web1" {
      host = host.web1
      port = 8080
    }
  }

  service "http" {
    port = 65534

    real_server "web1" {
      host = host.web1
    }
  }

  service "marked" {
    fwmark = 1

    real_server "web1" {
      host = host.web1
      port = 65535
    }
  }
}
