# What examples/tun is edited to: another VIP, another algorithm, another MSS, a real server
# replaced.
cluster "web" {
  mode      = "tun"
  vip       = "192.168.80.189"
  algorithm = "wlc"
  directors = [host.lb1]
  mss       = 1400

  service "http" {
    port = 80
  }

  real_server "web1" {
    host   = host.web1
    weight = 3
  }
  real_server "web3" {
    address = "172.16.1.14"
  }
}
