# A shop that is served over HTTP and HTTPS: one service for both ports, so that a client
# has one real server for both. A firewall mark holds them together.

host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb1"
}

host "web1" {
  address = "192.168.80.12"
  netns   = "web1"
}

host "web2" {
  address = "192.168.80.13"
  netns   = "web2"
}

cluster "shop" {
  mode      = "dr"
  vip       = ["192.168.80.188", "192.168.80.189"]
  algorithm = "wlc"
  directors = [host.lb1]

  service "web" {
    fwmark  = 1
    packets = ["tcp/80", "tcp/443"]

    persistence {
      timeout = 600
    }
  }

  real_server "web1" {
    host = host.web1
  }

  real_server "web2" {
    host = host.web2
  }
}
