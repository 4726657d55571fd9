# What can be wrong with shares.
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
    path    = "opt"
    clients = ["10.0.0.1/24", "10.0.0.256", "a b", "*", "*"]
    options = ["rw", "ro"]

    mount "/" {
      hosts   = [host.web1]
      version = "2"
      options = ["soft", "hard"]
    }
  }

  nfs_share "a" {}

  nfs_share "c" {
    server  = "nfs"
    path    = "/opt"
    clients = []
  }

  nfs_share "b" {
    path = "/opt"

    directory {
      mode = "rwx"
    }

    directory {
      mode = "0755"
    }
  }
}
