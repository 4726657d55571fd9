# finds several-directors
# Two sites with the same VIP behind different directors, and two clusters that
# share a VIP and a director but no port.

host "east" {
  address   = "10.1.0.1"
  interface = "eth0"
  netns     = "east"
}

host "west" {
  address   = "10.2.0.1"
  interface = "eth0"
  netns     = "west"
}

cluster "web-east" {
  mode      = "dr"
  vip       = "192.0.2.1"
  algorithm = "rr"
  directors = [host.east]

  service "http" {
    port = 80
  }

  real_server "r1" {
    address = "10.1.0.11"
  }
}

cluster "web-west" {
  mode      = "dr"
  vip       = "192.0.2.1"
  algorithm = "rr"
  directors = [host.west]

  service "http" {
    port = 80
  }

  real_server "r1" {
    address = "10.2.0.11"
  }
}

cluster "mail-west" {
  mode      = "dr"
  vip       = "192.0.2.1"
  algorithm = "rr"
  directors = [host.west]

  service "smtp" {
    port = 25
  }

  service "udp-http" {
    protocol = "udp"
    port     = 80
  }

  real_server "r1" {
    address = "10.2.0.11"
  }
}
