# Machines that ssh reaches: with all that can be said, and with nothing.
host "lb1" {
  address   = "192.0.2.1"
  interface = "eth0"

  ssh {
    address  = "lb1.example.com"
    user     = "deploy"
    port     = 2222
    identity = "~/.ssh/ci key"
    jump     = "ops@gate.example.com:22,[2001:db8::1]:2222"
    options  = ["Compression=yes", "PreferredAuthentications=publickey"]
    timeout  = "1m"
    agent    = "/opt/lvsctl/bin/lvsctl"
  }
}

host "web1" {
  address = "192.0.2.2"
  ssh {}
}

cluster "web" {
  mode      = "dr"
  vip       = "192.0.2.80"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }
}
