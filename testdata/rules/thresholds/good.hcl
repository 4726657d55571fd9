host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address         = "10.0.1.2"
    upper_threshold = 10
    lower_threshold = 5
  }

  real_server "web3" {
    address         = "10.0.1.3"
    upper_threshold = 10
    lower_threshold = 10
  }

  real_server "web4" {
    address         = "10.0.1.4"
    upper_threshold = 10
  }
}
