# LVS-TUN: the director wraps each packet in another one to a real server, wherever that
# is. The real servers answer clients directly, with the VIP as source.

cluster "web" {
  mode      = "tun"
  vip       = "192.168.80.188"
  algorithm = "rr"
  directors = [host.lb1]

  # 1500 of Ethernet less 20 of the outer and 40 of the inner TCP/IP header.
  mss = 1440

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
