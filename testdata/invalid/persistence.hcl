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

  service "a" {
    port = 1

    persistence {
      timeout = 0
      netmask = "255.0.255.0"
    }
  }

  service "b" {
    port = 2

    persistence {
      timeout = 2147484
      netmask = 33
    }
  }

  service "c" {
    port = 3

    persistence {
      timeout = "5m"
      netmask = "0.0.0.0"
    }

    persistence {
    }
  }

  service "d" {
    port = 4

    persistence {
      netmask = "24 bits"
    }
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "six" {
  mode      = "dr"
  vip       = "fd00::100"
  algorithm = "rr"
  directors = [host.lb1]

  service "a" {
    port = 1

    persistence {
      netmask = "255.255.255.0"
    }
  }

  service "b" {
    port = 2

    persistence {
      netmask = 129
    }
  }

  real_server "web1" {
    address = "fd00::1"
  }
}
