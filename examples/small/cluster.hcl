# The smallest cluster worth having: a director and two web servers on one segment. Clients talk to
# the VIP, the director hands each connection to one of the web servers, and that one
# answers the client directly.

cluster "web" {
  mode      = "dr"
  vip       = "192.168.80.188"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }

  real_server "web2" {
    host = host.web2
  }
}
