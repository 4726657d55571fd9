host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ignore "vip-on-lopback" {
    reason = "a routing protocol announces the VIPs"
  }

  ignore "everything" {
    reason = "it is fine"
  }

  ignore "several-directors" {}

  ignore "all-drained" {
    reason = " "
  }

  ignore "no-services" {
    reason = true ? null : "x"
  }

  ignore "weights-ignored" {
    reason = ["it is fine"]
  }

  ignore "weights-ignored" {
    reason = "twice"
  }
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  ignore "port-mapping" {
    reason = "the port is for later"
  }

  service "http" {
    port = 80

    real_server "web1" {
      address = "10.0.0.2"
      port    = 8080

      ignore "port-mapping" {
        reason = "the port is for later"
        until  = "next week"
      }
    }

    persistence {
      ignore "nothing-behind" {
        reason = "wrong place"
      }
    }
  }
}
