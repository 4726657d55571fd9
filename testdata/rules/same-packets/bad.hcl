host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "a" {
    fwmark  = 1
    packets = ["tcp/80-90"]
  }

  service "b" {
    fwmark  = 2
    packets = ["udp/53", "tcp/85-95"]
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
