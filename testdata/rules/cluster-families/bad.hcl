host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web6" {
  address   = "fd00:1::1"
  interface = "eth0"
  netns     = "web6"
}

cluster "web" {
  mode      = "nat"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]
  gateway   = "fd00::1"

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "source" {
  mode      = "fullnat"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "fd00::1"

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "own-source" {
  mode      = "fullnat"
  vip       = "fd00::100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "six" {
    servers = ["fd00::2"]
  }
}

cluster "own-gateway" {
  mode      = "nat"
  vip       = "fd00::101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web6" {
    host = host.web6
  }
}
