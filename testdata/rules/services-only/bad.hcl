host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode          = "nat"
  vip           = "10.0.0.100"
  services_only = true
  interface     = "eth1"
  gateway       = "10.0.0.1"
  gateway_table = 100
  algorithm     = "rr"
  directors     = [host.lb1]

  service "http" {
    fwmark  = 1
    packets = ["tcp/80"]
  }

  real_server "web1" {
    address = "10.0.1.1"
  }
}

cluster "full" {
  mode          = "fullnat"
  vip           = "10.0.0.101"
  services_only = true
  source        = "10.0.0.1"
  algorithm     = "rr"
  directors     = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.1.1"
  }
}

cluster "far" {
  mode          = "tun"
  vip           = "10.0.0.102"
  services_only = true
  mss           = 1440
  algorithm     = "rr"
  directors     = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.1.1"
  }
}
