# What examples/small is edited to: another algorithm, another weight, a real server replaced, a
# VIP and a service more.
cluster "web" {
  mode      = "dr"
  vip       = ["192.168.80.188", "192.168.80.189"]
  algorithm = "wlc"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
  service "https" {
    port = 443
  }

  real_server "web1" {
    host   = host.web1
    weight = 2
  }
  real_server "web3" {
    address = "192.168.80.14"
  }
}
