# The machines, each in a network of its own. Routers between them are not ours.

host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb1"
}

host "web1" {
  address   = "172.16.1.12"
  interface = "ens33"
  netns     = "web1"
}

host "web2" {
  address   = "172.16.2.13"
  interface = "ens33"
  netns     = "web2"
}
