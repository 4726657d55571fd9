locals {
  a = "${local.b}.1"
  b = upper(local.c)
  c = local.a
  d = local.d
  e = local
  f = local.missing
  g = local.a # nothing more to say about this one
}
host "lb1" {
  address   = local.a
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
