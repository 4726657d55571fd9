# What examples/fullnat is edited to: another VIP, another algorithm, a real server replaced.
cluster "web" {
  mode      = "fullnat"
  vip       = "192.168.80.189"
  algorithm = "wlc"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
  service "https" {
    port = 443
  }

  pool "web" {
    port = 8080
    servers = [
      "172.16.1.12",
      "172.16.2.14",
    ]
  }
}
