host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "web1" {
  address = "10.0.1.1"
  netns   = "web1"
}

cluster "web" {
  mode      = "dr"
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

cluster "far" {
  mode      = "fullnat"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }
}
