# What can be wrong with settings of a host.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  sysctl "ip_forward" {
    value = 1
  }

  sysctl "net.ipv4..ip_forward" {
    value = 1
  }

  sysctl "net.ipv4/../vs.conntrack" {
    value = 1
  }

  sysctl "net.ipv4.ip_forward" {
    value = true
  }

  sysctl "net.ipv4.tcp_sack" {
    value = [1]
  }

  sysctl "net.ipv4.tcp_rmem" {}

  sysctl "net.ipv4.tcp_wmem" {
    value = "4096\u0000"
  }

  sysctl "net.ipv4.tcp_timestamps" {
    value = 1
  }

  sysctl "net.ipv4.tcp_timestamps" {
    value = 0
  }

  address "10.0.0.1" {}

  address "0.0.0.0/8" {}

  address "10.0.0.7/24" {
    interface = "eth0:1"
  }

  address "10.0.0.8/24" {}

  address "10.0.0.8/24" {}

  rule "first" {
    table = 100
  }

  rule "32766" {
    table = 100
  }

  rule "10" {
    from = "10.0.0.0/8"
  }

  rule "11" {
    table = 100
    from  = "10.0.0.1/8"
    to    = "web"
  }

  rule "12" {
    table  = 100
    family = "ipv6"
    to     = "10.0.0.0/8"
  }

  rule "13" {
    table = 100
    from  = "fd00::/8"
    to    = "10.0.0.0/8"
  }

  rule "14" {
    table  = 100
    family = "ipv5"
  }

  rule "15" {
    table       = 100
    source_port = 80
  }

  rule "16" {
    table    = 100
    protocol = "icmp"
  }
}

# Without an interface of its own a host has to be told where.
host "lb2" {
  address = "10.0.0.2"
  netns   = "lb2"

  address "10.0.0.2/24" {}

  route "default" {
    via = "10.0.0.254"
  }
}
