host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ipvs {
    backup_only = 1

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
    sync_daemon "master" {
      interface = "eth1"
    }
  }
}

host "lb3" {
  address   = "10.0.0.3"
  interface = "eth0"
  netns     = "lb3"

  ipvs {
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

cluster "no-server" {
  mode      = "dr"
  vip       = "10.0.0.102"
  algorithm = "rr"
  directors = [host.lb3]

  service "http" {
    port = 80
  }

  real_server "web2" {
    address = "10.0.1.2"
  }
}
