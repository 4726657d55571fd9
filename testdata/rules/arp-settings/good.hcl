host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  netns     = "web1"

  sysctl "net.ipv4.conf.all.arp_ignore" {
    value = 1
  }

  sysctl "net.ipv4.conf.lo.arp_announce" {
    value = 2
  }

  sysctl "net.ipv4.conf.eth1.arp_ignore" {
    value = 0
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

cluster "six" {
  mode      = "dr"
  vip       = "fd00::100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host    = host.web1
    address = "fd00::2"
  }
}

host "other" {
  address = "10.0.2.1"
  netns   = "other"

  sysctl "net.ipv4.conf.all.arp_ignore" {
    value = 0
  }
}
