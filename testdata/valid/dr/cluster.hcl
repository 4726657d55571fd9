# Direct routing with one director and two managed web servers.

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
