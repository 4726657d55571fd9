# Names of instances are names like all others.
host "web 1" {
  for_each = ["a"]
  address  = "10.0.0.1"
  netns    = each.key
}

host "lb" {
  for_each  = ["1", "2"]
  address   = "10.0.0.${each.key}"
  interface = "eth0"
  netns     = each.key
}

host "lb" {
  for_each  = ["3"]
  address   = "10.0.0.${each.key}"
  interface = "eth0"
  netns     = each.key
}

cluster "a" {
  for_each  = ["b.c"]
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb["1"]]

  service "http" {
    port = 80
  }

  pool "x" {
    for_each = ["y"]
    servers  = ["10.0.0.7"]
  }
}

cluster "a.b" {
  for_each  = ["c"]
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb["1"]]
}

cluster "refs" {
  mode      = "dr"
  vip       = host.lb.address
  algorithm = "rr"
  directors = [host.lb, host.lb["4"], host.lb["1"].adress, "lb.1", host["lb"]["2"]]

  service "http" {
    port = 80

    real_server "x.y" {
      address = "10.0.0.7"
    }

    real_server "x" {
      for_each = ["y"]
      address  = "10.0.0.8"
    }
  }

  real_server "all" {
    host = host.lb
  }
}

cluster "one" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = host.lb["1"]
}

cluster "all" {
  mode      = "dr"
  vip       = "10.0.0.103"
  algorithm = "rr"
  directors = host.lb
}
