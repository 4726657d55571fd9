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
