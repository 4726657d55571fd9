host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
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
    address = joinn(".", ["10", "0", "0", "11"])
  }

  real_server "web2" {
    address = join(".")
  }

  real_server "web3" {
    address = element([], 1)
  }
}
