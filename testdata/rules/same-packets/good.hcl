host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "dr"
  vip       = ["10.0.0.100", "10.0.0.101"]
  algorithm = "rr"
  directors = [host.lb1]

  service "a" {
    fwmark  = 1
    packets = ["tcp/80-90"]
    vip     = "10.0.0.100"
  }

  service "b" {
    fwmark  = 2
    packets = ["udp/53", "tcp/91-95"]
  }

  service "c" {
    fwmark  = 3
    packets = ["tcp/80"]
    vip     = "10.0.0.101"
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
