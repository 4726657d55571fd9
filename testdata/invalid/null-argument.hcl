host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = null
  algorithm = "rr"
  directors = [null]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
