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

  real_server "neither" {
    weight = 1
  }

  real_server "misspelt" {
    adress = "10.0.0.12"
  }

  real_server "numbers" {
    address         = "10.0.0.13"
    port            = 0
    weight          = 2147483648
    upper_threshold = -5
    lower_threshold = 4
  }

  real_server "lower-only" {
    address         = "10.0.0.14"
    lower_threshold = 10
  }

  real_server "lower-above-upper" {
    address         = "10.0.0.15"
    upper_threshold = 5
    lower_threshold = 10
  }
}
