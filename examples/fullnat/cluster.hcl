# LVS-FULLNAT: the director writes a real server's address over the VIP, and its own over
# the client's. The real servers are in other networks and answer the director, whatever
# their default routes are. They listen on another port than clients connect to.

cluster "web" {
  mode      = "fullnat"
  vip       = "192.168.80.188"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "web" {
    port = 8080
    servers = [
      "172.16.1.12",
      "172.16.2.13",
    ]
  }
}
