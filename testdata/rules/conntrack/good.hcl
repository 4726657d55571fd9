host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ipvs {
    conntrack = 0
  }
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"

  ipvs {
    conntrack = 1
  }
}

cluster "web" {
  mode      = "nat"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "other" {
  mode      = "fullnat"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb2]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
