# Labels for people who look with ifconfig.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"

  address "10.0.0.2/24" {
    label = "eth0:second"
  }

  address "10.0.1.1/24" {
    interface = "bond0.7"
    label     = "bond0.7:1234567"
  }
}

cluster "one" {
  mode      = "dr"
  vip       = "10.0.0.100"
  vip_label = "0"
  algorithm = "rr"
  directors = [host.lb1]
  ignore "no-services" {
    reason = "it is about labels"
  }
}

cluster "several" {
  mode      = "nat"
  vip       = ["10.0.0.101", "10.0.0.102"]
  vip_label = ["web", "mail"]
  interface = "eth1"
  algorithm = "rr"
  directors = [host.lb1]
  ignore "no-services" {
    reason = "it is about labels"
  }
}
