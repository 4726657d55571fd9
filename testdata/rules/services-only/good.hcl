# What is set up by others may be as they like: the VIP is the director's own address, or
# any, the real server has it too, or another port than the kernel looks at.

defaults {
  interface = "eth1"
  mss       = 1440
}

host "lb1" {
  address = "10.0.0.1"
  local   = true
}

host "web1" {
  address = "10.0.0.2"
  command = ["ssh", "web1"]

  sysctl "net.ipv4.conf.all.arp_ignore" {
    value = 0
  }
}

cluster "web" {
  mode          = "dr"
  vip           = ["10.0.0.1", "127.0.0.1"]
  services_only = true
  algorithm     = "rr"
  directors     = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }

  real_server "self" {
    address = "10.0.0.1"
    mode    = "local"
  }
}

cluster "marked" {
  mode          = "dr"
  vip           = "0.0.0.0"
  services_only = true
  algorithm     = "rr"
  directors     = [host.lb1]

  service "any" {
    fwmark = 1
  }

  real_server "web1" {
    address = "10.0.0.2"
    port    = 80
  }

  real_server "far" {
    host = host.web1
    port = 90
    mode = "tun"
  }
}
