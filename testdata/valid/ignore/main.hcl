# Everything that would be found here is meant to be so, and says why.

host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ignore "same-address" {
    reason = "lb2 is at the other site, which has the same plan of addresses"
  }
}

host "lb2" {
  address   = "10.0.0.1"
  interface = "lo"
  netns     = "lb2"

  ignore "vip-on-loopback" {
    reason = "a routing protocol announces the VIPs"
  }
}

cluster "sites" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1, host.lb2]

  ignore "several-directors" {
    reason = "each is at a site of its own"
  }

  # This is for all services of the cluster.
  ignore "weights-ignored" {
    reason = "the weights are for a later algorithm"
  }

  service "http" {
    port = 80

    pool "weighted" {
      servers = ["10.0.0.11", "10.0.0.12 weight 3"]
    }
  }

  service "empty" {
    port = 81
    vip  = "10.0.0.100"

    ignore "all-drained" {
      reason = "there is a maintenance page on another port"
    }

    pool "drained" {
      servers = ["10.0.0.11:81 weight 0"]
    }
  }
}

cluster "soon" {
  for_each  = { a = "10.0.0.101", b = "10.0.0.102" }
  mode      = "dr"
  vip       = each.value
  algorithm = "rr"
  directors = [host.lb1]

  ignore "no-services" {
    reason = "${each.key} gets its services next week"
  }
}

cluster "far" {
  mode      = "tun"
  vip       = "10.0.0.103"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80

    real_server "web1" {
      host = host.web1

      ignore "mss" {
        reason = "the network has jumbo frames"
      }
    }

    pool "unmanaged" {
      servers = ["10.9.0.2"]
    }
  }
}

host "web1" {
  address   = "10.9.0.1"
  interface = "eth0"
  netns     = "web1"
}
