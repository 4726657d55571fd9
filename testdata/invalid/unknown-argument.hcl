host "lb1" {
  address   = "10.0.0.1"
  interfcae = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vpi       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port    = 80
    timeout = 30
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
