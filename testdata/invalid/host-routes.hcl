host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  route "everywhere" {
    via = "10.0.0.254"
  }

  route "10.0.0.1/8" {
    via = "10.0.0.254"
  }

  route "::ffff:10.0.0.0/104" {
    via = "10.0.0.254"
  }

  route "fe80::1%eth0" {}

  route "10.1.0.0/16" {
    via    = "fd00::254"
    source = "fd00::1"
  }

  route "10.2.0.0/16" {
    via       = "gateway"
    interface = "a-name-that-is-too-long"
    table     = 0
    metric    = "low"
  }

  route "default" {
    via = "10.0.0.254"
  }

  route "0.0.0.0/0" {
    via = "10.0.0.253"
  }
}
