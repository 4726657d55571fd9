host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  netns     = "web1"

  sysctl "net.ipv4.conf.lo.arp_ignore" {
    value = 1
  }

  sysctl "net.ipv4.conf.lo.arp_announce" {
    value = 2
  }
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
}

host "all" {
  address = "10.0.2.1"
  netns   = "all"

  sysctl "net.ipv4.conf.lo.arp_ignore" {
    value = 1
  }

  sysctl "net.ipv4.conf.all.arp_ignore" {
    value = 1
  }
}

host "off" {
  address = "10.0.2.2"
  netns   = "off"

  sysctl "net.ipv4.conf.lo.arp_ignore" {
    value = 0
  }
}
