# Services by firewall mark: several ports for one client as one, a mark that somebody
# else sets, and one of several virtual IPs.

host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

cluster "shop" {
  mode      = "nat"
  vip       = ["10.0.0.100", "10.0.0.101"]
  algorithm = "rr"
  directors = [host.lb1]

  service "web" {
    fwmark  = 1
    packets = ["tcp/80", "tcp/443", "udp/5000-5010", "sctp"]

    persistence {
      timeout = 60
    }
  }

  service "elsewhere" {
    fwmark = 2
  }

  service "ssh" {
    port = 22
    vip  = "10.0.0.101"
  }

  service "one-of-them" {
    fwmark  = 3
    packets = ["tcp/25"]
    vip     = ["10.0.0.100"]
  }

  pool "servers" {
    servers = ["10.0.0.2", "10.0.0.3:8080"]
  }
}
