host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

host "web1" {
  address   = "10.0.0.11"
  interface = "eth0"
  netns     = "web1"
}

host "nfs" {
  address   = "10.0.0.14"
  interface = "eth0"
  netns     = "nfs"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }

  nfs_share "a" {
    server  = host.nfs
    path    = "/opt/a"
    clients = ["10.0.1.0/24", "10.0.0.11"]
    options = ["rw"]

    mount "/var/www/html" {
      hosts = [host.web1]
    }
  }

  nfs_share "b" {
    server  = host.nfs
    path    = "/opt/b"
    clients = ["@web"]
    options = ["rw"]

    mount "/mnt" {
      hosts = [host.web1]
    }
  }

  nfs_share "c" {
    server  = host.nfs
    path    = "/opt/c"
    clients = ["10.0.0.8/29"]
    options = ["rw"]

    mount "/srv" {
      hosts = [host.web1]
    }
  }

  # Over IPv6 the web server has another address.
  nfs_share "d" {
    server  = host.nfs
    address = "fd00::14"
    path    = "/opt/d"
    clients = ["fd00::/64"]
    options = ["rw"]

    mount "/var/spool/d" {
      hosts = [host.web1]
    }
  }
}
