host {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" "80" {
    port = 80
  }

  service "https" {
    port = 443

    persistence "long" {
    }
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

host "lb9" {
  address = "10.0.0.9"
  netns   = "lb9"

  ignore {
    reason = "all of them"
  }
}
