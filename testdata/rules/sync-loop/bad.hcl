host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ipvs {
    sync_daemon "backup" {
      interface = "eth1"
    }
  }
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"

  ipvs {
    backup_only = 0

    sync_daemon "backup" {
      interface = "eth1"
    }
  }
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "self" {
    host = host.lb1
  }
}

cluster "other" {
  mode      = "dr"
  vip       = "10.0.0.101"
  algorithm = "rr"
  directors = [host.lb2]

  service "http" {
    port = 80
  }

  real_server "self" {
    host = host.lb2
  }
}
