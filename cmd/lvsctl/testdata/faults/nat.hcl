# What examples/nat is edited to: another VIP, another algorithm, a real server replaced.
cluster "web" {
  mode      = "nat"
  vip       = "12.0.0.101"
  interface = "ens36"
  algorithm = "wlc"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
  service "dns" {
    protocol = "udp"
    port     = 53
  }

  real_server "web1" {
    host = host.web1
  }
  real_server "web3" {
    address = "192.168.100.23"
    port    = 8080
  }
}
