# The machines. The director has a leg in both networks; the web servers are in the
# inner one and reach the rest of the world through their own gateway, .1, until lvsctl
# makes them answer through the director.

host "lb1" {
  address   = "192.168.100.254"
  interface = "ens33"
  netns     = "lb1"
}

host "web1" {
  address   = "192.168.100.21"
  interface = "ens33"
  netns     = "web1"
}

host "web2" {
  address   = "192.168.100.22"
  interface = "ens33"
  netns     = "web2"
}
