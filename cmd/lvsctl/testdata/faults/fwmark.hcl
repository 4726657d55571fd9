# What examples/fwmark is edited to: a VIP moved, another algorithm, packets of another port, a
# real server replaced.
cluster "shop" {
  mode      = "dr"
  vip       = ["192.168.80.188", "192.168.80.190"]
  algorithm = "sed"
  directors = [host.lb1]

  service "web" {
    fwmark  = 1
    packets = ["tcp/80", "tcp/8443"]

    persistence {
      timeout = 300
    }
  }

  real_server "web1" {
    host   = host.web1
    weight = 2
  }
  real_server "web3" {
    address = "192.168.80.14"
  }
}

host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb1"
}

host "web1" {
  address = "192.168.80.12"
  netns   = "web1"
}

host "web2" {
  address = "192.168.80.13"
  netns   = "web2"
}
