host "web1" {
  address   = "10.0.1.1"
  interface = "eth0"
  local     = true

  sysctl "net.ipv4.conf.lo.arp_ignore" {
    value = 1
  }

  sysctl "net.ipv4.conf.lo.arp_announce" {
    value = 2
  }
}
