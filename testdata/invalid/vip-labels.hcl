# What can be wrong with labels of addresses.
host "lb1" {
  address   = "10.0.0.1"
  interface = "enp129s0f1"
  netns     = "lb1"

  address "10.0.0.2/24" {
    label = "eth0:0"
  }

  address "10.0.0.3/24" {
    label = "enp129s0f1:web1"
  }

  address "10.0.0.4/24" {
    label = "enp129s0f1:webs1"
  }

  address "10.0.0.5/24" {
    label = "enp129s0f1"
  }

  address "10.0.0.6/24" {
    label = "enp129s0f1:"
  }

  address "10.0.0.7/24" {
    label = "enp129s0f1:a b"
  }

  address "fd00::2/64" {
    label = "enp129s0f1:0"
  }
}

cluster "too-long" {
  mode      = "dr"
  vip       = "10.0.0.100"
  vip_label = "webs1"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "whole" {
  mode      = "dr"
  vip       = "10.0.0.101"
  vip_label = "enp129s0f1:0"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "empty" {
  mode      = "dr"
  vip       = "10.0.0.102"
  vip_label = ""
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "too-few" {
  mode      = "dr"
  vip       = ["10.0.0.103", "10.0.0.104"]
  vip_label = "0"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "too-many" {
  mode      = "dr"
  vip       = "10.0.0.105"
  vip_label = ["0", "1"]
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "twice" {
  mode      = "dr"
  vip       = ["10.0.0.106", "10.0.0.107"]
  vip_label = ["0", "0"]
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "number" {
  mode      = "dr"
  vip       = "10.0.0.108"
  vip_label = 0
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}

cluster "six" {
  mode      = "dr"
  vip       = "fd00::100"
  vip_label = "0"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "fd00::11"
  }
}

cluster "none" {
  mode      = "dr"
  vip       = "10.0.0.109"
  vip_label = []
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
  }
}
