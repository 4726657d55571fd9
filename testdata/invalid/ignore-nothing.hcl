# An ignore that silences nothing is reported, once for a block that is repeated, and
# silences nothing elsewhere.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ignore "several-directors" {
    reason = "hosts have no directors"
  }
}

cluster "web" {
  for_each  = { a = "10.0.0.100", b = "10.0.0.101" }
  mode      = "dr"
  vip       = each.value
  algorithm = "rr"
  directors = [host.lb1]

  ignore "all-drained" {
    reason = "none of them is"
  }

  service "http" {
    port = 80

    # In one of the two it has a use.
    ignore "weights-ignored" {
      reason = "one of them has two servers"
    }

    pool "webs" {
      servers = each.key == "a" ? ["10.0.0.11"] : ["10.0.0.11", "10.0.0.12 weight 5"]
    }
  }

  service "https" {
    port = 443

    pool "webs" {
      servers = ["10.0.0.11", "10.0.0.12 weight 5"]

      ignore "weights-ignored" {
        reason = "it is about the service, not the pool"
      }
    }
  }
}
