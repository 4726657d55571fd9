host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  netns     = "web1"
}

cluster "web" {
  mode      = "nat"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]
  gateway   = "10.0.1.254"

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }
}

cluster "source" {
  mode      = "fullnat"
  vip       = "fd00::100"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "fd00::1"

  service "http" {
    port = 80
  }

  pool "six" {
    servers = ["fd00::2"]
  }
}

cluster "unmanaged" {
  mode      = "nat"
  vip       = "fd00::101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "six" {
    servers = ["fd00::2"]
  }
}

cluster "direct" {
  mode      = "dr"
  vip       = "fd00::102"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "six" {
    servers = ["fd00::2"]
  }
}
