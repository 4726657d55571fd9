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
    via = "10.0.1.254"
  }
}

host "web6" {
  address   = "fd00:1::1"
  interface = "eth0"
  netns     = "web6"

  route "default" {
    via    = "fd00:1::fe"
    metric = 512
  }
}

host "web7" {
  address   = "10.0.1.7"
  interface = "eth0"
  netns     = "web7"

  route "default" {
    via   = "10.0.1.254"
    table = 100
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

cluster "six" {
  mode      = "nat"
  vip       = "fd00::100"
  algorithm = "rr"
  directors = [host.lb1]
  gateway   = "fd00::1"

  service "http" {
    port = 80
  }

  real_server "web6" {
    host = host.web6
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
