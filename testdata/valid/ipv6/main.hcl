host "lb1" {
  address   = "fd00::1"
  interface = "eth0.100"
  netns     = "lb1"
}

host "web1" {
  address = "fd00::11"
  netns   = "web1"
}

cluster "web" {
  mode      = "dr"
  vip       = "fd00::100"
  algorithm = "mh"
  directors = [host.lb1]

  service "http" {
    port = 80

    persistence {
      netmask = 64
    }

    real_server "web1" {
      host = host.web1
    }

    pool "rest" {
      servers = ["fd00::12", "[fd00::13]", "[fd00::14]:80 weight 2"]
    }
  }
}
