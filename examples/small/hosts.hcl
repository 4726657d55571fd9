# The machines. In the lab each is a network namespace; on real machines, say how they
# are reached instead, as in ssh { user = "deploy" }.

host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb1"
}

host "web1" {
  address   = "192.168.80.12"
  interface = "ens33"
  netns     = "web1"
}

host "web2" {
  address   = "192.168.80.13"
  interface = "ens33"
  netns     = "web2"
}
