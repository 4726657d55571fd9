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
  mode      = "dr"
  vip       = "10.0.0.1"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "server" {
  mode      = "nat"
  vip       = "10.0.1.2"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}

cluster "elsewhere" {
  mode      = "fullnat"
  vip       = "10.0.1.1"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
