host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  link "eth0:1" {
    up = true
  }

  link "eth1" {}

  link "eth2" {
    mtu    = 9000
    remote = "10.9.0.1"
  }

  link "eth3" {
    mtu = 40
  }

  link "br0" {
    type = "bridge"
  }

  link "vlan1" {
    type = "vlan"
  }

  link "vlan2" {
    type   = "vlan"
    parent = "eth0"
    vlan   = 4095
  }

  link "vlan3" {
    type   = "vlan"
    parnet = "eth0"
    vlan   = 3
  }

  link "dummy0" {
    type   = "dummy"
    remote = "10.9.0.1"
  }

  link "ipip1" {
    type   = "ipip"
    remote = "fd00::1"
    key    = 5
  }

  link "ip6tnl1" {
    type  = "ip6tnl"
    local = "10.0.0.1"
    inner = "ipx"
  }

  link "gre1" {
    type   = "gre"
    parent = "eth0/1"
    remote = "here"
  }

  link "twice" {
    type = "dummy"
  }

  link "twice" {
    up = false
  }
}
