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
# LVS-NAT: clients in the outer network talk to the VIP on ens36, the director rewrites
# the packets' destination to one of the web servers, whose answers it rewrites back.
# The web servers listen on another port than the one that clients connect to.

cluster "web" {
  mode      = "nat"
  vip       = "12.0.0.100"
  interface = "ens36"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
    port = 8080
  }

  real_server "web2" {
    host = host.web2
    port = 8080
  }
}
