host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "c0" {
  mode      = "dr"
  vip       = "10.0.0.100/32"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c1" {
  mode      = "dr"
  vip       = "10.0.0.101:80"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c2" {
  mode      = "dr"
  vip       = "web.example.org"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c3" {
  mode      = "dr"
  vip       = "10.0.0.256"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c4" {
  mode      = "dr"
  vip       = "127.0.0.1"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c5" {
  mode      = "dr"
  vip       = "0.0.0.0"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c6" {
  mode      = "dr"
  vip       = "224.0.0.18"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c7" {
  mode      = "dr"
  vip       = "::ffff:10.0.0.1"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c8" {
  mode      = "dr"
  vip       = "fe80::1%eth0"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c9" {
  mode      = "dr"
  vip       = ""
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c10" {
  mode      = "dr"
  vip       = "10.0.0.010"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}

cluster "c11" {
  mode      = "dr"
  vip       = "255.255.255.255"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }
}
