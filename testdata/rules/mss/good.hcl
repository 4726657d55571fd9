host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  netns     = "web1"
}

cluster "web" {
  mode      = "tun"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]
  mss       = 1440

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }
}

cluster "jumbo" {
  mode      = "tun"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]
  mss       = 1460

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }
}

cluster "udp" {
  mode      = "tun"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port     = 53
    protocol = "udp"
  }

  real_server "web1" {
    host = host.web1
  }
}

cluster "unmanaged" {
  mode      = "tun"
  vip       = "10.0.0.103"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
