host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "a" {
    port     = 0
    protocol = "tpc"
  }

  service "b" {
    port     = 65536
    protocol = "icmp"
  }

  service "c" {
    port = 80.5
  }

  service "d" {
    port = -1
  }

  service "e" {
    port = 1e300
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
