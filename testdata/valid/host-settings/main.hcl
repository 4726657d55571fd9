# Everything that a host block can ask for beside its roles.

host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  link "eth1" {
    up  = true
    mtu = 9000
  }

  link "eth2" {
    up = false
  }

  link "eth1.100" {
    type   = "vlan"
    parent = "eth1"
    vlan   = 100
  }

  link "dummy0" {
    type = "dummy"
    up   = false
  }

  link "gre1" {
    type   = "gre"
    local  = "10.0.0.1"
    remote = "10.9.0.1"
    ttl    = 64
    key    = 7
  }

  link "six" {
    type  = "ip6tnl"
    local = "fd00::1"
    inner = "ipv4"
  }

  sysctl "net.ipv4.tcp_rmem" {
    value = "4096  131072\t6291456"
  }

  sysctl "net.ipv4.conf.eth1/100.rp_filter" {
    value = 0
  }

  address "10.0.0.1/24" {}

  address "fd00::1/64" {
    interface = "eth1"
  }

  address "fe80::1/64" {}

  route "default" {
    via = "10.0.0.254"
  }

  route "10.8.0.0/16" {}

  route "10.9.0.1" {
    via       = "10.0.0.253"
    interface = "eth1"
    source    = "10.0.0.1"
    table     = 100
    metric    = 50
  }

  route "fd01::/48" {
    via = "fd00::2"
  }

  route "default" {
    via    = "fd00::254"
    metric = 2048
  }

  rule "100" {
    from  = "10.0.0.0/24"
    to    = "10.9.0.1"
    table = 100
  }

  rule "101" {
    fwmark    = 5
    interface = "eth1"
    table     = 100
  }

  rule "103" {
    from        = "10.0.0.1"
    protocol    = "tcp"
    source_port = 80
    table       = 100
  }

  rule "102" {
    fwmark = 5
    mask   = 255
    family = "ipv6"
    table  = 100
  }

  ipvs {
    tcp_timeout               = 7200
    tcpfin_timeout            = 60
    udp_timeout               = 30
    expire_nodest_conn        = 1
    expire_quiescent_template = 1
    drop_entry                = 1
    est_cpulist               = "0-3,8"
    sync_threshold            = " 3  50 "
    sync_ports                = 4

    sync_daemon "master" {
      interface = "eth1"
      id        = 7
    }

    sync_daemon "backup" {
      interface  = "eth1"
      id         = 7
      group      = "ff02::81"
      port       = 8849
      ttl        = 2
      max_length = 1400
    }
  }
}
