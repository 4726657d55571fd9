# finds several-directors
# Two directors, persistence, real servers that nobody manages.

host "primary" {
  address   = "192.168.2.167"
  interface = "eth0"
  local     = true
}

host "backup" {
  address   = "192.168.2.165"
  interface = "eth0"
  local     = false
  command   = ["ssh", "backup"]
}

cluster "web" {
  mode      = "dr"
  vip       = "192.168.2.168"
  directors = [host.primary, host["backup"]]

  service "http" {
    port      = 80
    algorithm = "wrr"

    persistence {
      timeout = 30
      netmask = "255.255.255.255"
    }

    real_server "linux" {
      address = "192.168.0.112"
      weight  = 3
    }

    real_server "windows" {
      address         = "192.168.0.113"
      upper_threshold = 1000
      lower_threshold = 800
    }
  }

  service "dns" {
    protocol  = "udp"
    port      = "53" # a number in quotes is a number
    algorithm = "sh"

    persistence {
      netmask = 24
    }

    real_server "dns1" {
      address = "192.168.0.53"
    }
  }
}
