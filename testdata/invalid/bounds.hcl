# Numbers that the kernel refuses.

host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"

  ipvs {
    tcp_timeout         = 2147484
    sync_refresh_period = 2147484
  }

  rule "100" {
    table       = 100
    protocol    = "tcp"
    source_port = 65535
  }
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "a" {
    port = 80
  }

  real_server "a" {
    address         = "10.0.0.2"
    upper_threshold = 2147483648
    lower_threshold = 2147483648
    weight          = 2147483648
  }
}
