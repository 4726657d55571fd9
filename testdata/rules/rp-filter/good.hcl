host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  sysctl "net.ipv4.conf.all.rp_filter" {
    value = 1
  }
}

host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  netns     = "web1"

  sysctl "net.ipv4.conf.all.rp_filter" {
    value = 0
  }

  sysctl "net.ipv4.conf.eth1.rp_filter" {
    value = 1
  }
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

cluster "six" {
  mode      = "tun"
  vip       = "fd00::100"
  algorithm = "rr"
  directors = [host.lb1]
  mss       = 1420

  service "http" {
    port = 80
  }

  real_server "web2" {
    host = host.web2
  }
}

host "web2" {
  address   = "10.0.1.2"
  interface = "eth0"
  netns     = "web2"

  sysctl "net.ipv4.conf.all.rp_filter" {
    value = 1
  }
}
