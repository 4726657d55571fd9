host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = []

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "twice" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb1, host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "all" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = host

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "strings" {
  mode      = "dr"
  vip       = "10.0.0.103"
  algorithm = "rr"
  directors = [for h in ["lb1"] : h]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
