host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "web" {
  mode      = "tun"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]
  mss       = 40

  service "http" {
    port = 80
  }

  tunnel {
    type = "gue"
  }

  tunnel {}

  real_server "type" {
    address = "10.1.0.2"

    tunnel {
      type = "vxlan"
    }
  }

  real_server "port" {
    address = "10.1.0.3"

    tunnel {
      port = 6080
    }
  }

  real_server "checksum" {
    address = "10.1.0.4"

    tunnel {
      checksum = "csum"
    }
  }

  real_server "remote-checksum" {
    address = "10.1.0.5"

    tunnel {
      type     = "gre"
      checksum = "remcsum"
    }
  }

  real_server "word" {
    address = "10.1.0.6"

    tunnel {
      type     = "gre"
      checksum = "crc"
    }
  }

  real_server "misspelt" {
    address = "10.1.0.7"

    tunnel {
      type = "gue"
      prot = 6080
    }
  }

  pool "pool" {
    servers = ["10.1.0.8"]
    mode    = "tunnel"

    tunnel {
      type = "gue"
      port = 0
    }
  }
}
