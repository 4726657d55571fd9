host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}
host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1, host.bl2]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }

  real_server "web2" {
    address = host.web2.address
  }

  real_server "web3" {
    address = host.lb1.adress
  }
}
