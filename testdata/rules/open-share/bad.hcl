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
    clients = ["*"]
    options = ["rw"]
  }

  nfs_share "b" {
    server  = host.nfs
    path    = "/opt/b"
    clients = ["10.0.0.0/24"]
    options = ["rw", "no_root_squash"]
  }
}
