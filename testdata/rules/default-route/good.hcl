host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  netns     = "web1"

  route "default" {
    via = "10.0.0.1"
  }

  route "default" {
    via    = "10.0.1.254"
    metric = 100
  }

  route "10.9.0.0/16" {
    via = "10.0.1.254"
  }

  route "default" {
    via = "fd00::1"
  }
}

host "web7" {
  address   = "10.0.1.7"
  interface = "eth0"
  netns     = "web7"

  route "default" {
    via = "10.0.1.254"
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

  real_server "web1" {
    host = host.web1
  }
}

cluster "table" {
  mode          = "nat"
  vip           = "10.0.0.101"
  algorithm     = "rr"
  directors     = [host.lb1]
  gateway_table = 100

  service "http" {
    port = 80
  }

  real_server "web7" {
    host = host.web7
  }
}
