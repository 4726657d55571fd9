# What examples/dr is edited to: both web servers mount one share, of which other clients may
# mount more, a third share goes, and a page is another.
cluster "web" {
  mode      = "dr"
  vip       = "192.168.80.188"
  algorithm = "wrr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host   = host.web1
    weight = 2
  }

  real_server "web2" {
    host = host.web2
  }

  nfs_share "kgc" {
    server  = host.nfs
    path    = "/opt/kgc"
    clients = ["192.168.80.0/24", "192.168.81.0/24"]
    options = ["rw", "sync", "fsid=1"]

    mount "/var/www/html" {
      hosts = [host.web1, host.web2]
    }
  }

  nfs_share "benet" {
    server  = host.nfs
    path    = "/opt/benet"
    clients = ["192.168.80.0/24"]
    options = ["rw", "sync", "fsid=2"]
  }
}

host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb1"
}

host "web1" {
  address   = "192.168.80.12"
  interface = "ens33"
  netns     = "web1"
}

host "web2" {
  address   = "192.168.80.13"
  interface = "ens33"
  netns     = "web2"
}

host "nfs" {
  address   = "192.168.80.14"
  interface = "ens33"
  netns     = "nfs"

  directory "/opt/kgc" {}

  file "/opt/kgc/index.html" {
    content = "this is the web!\n"
  }

  directory "/opt/benet" {}

  file "/opt/benet/index.html" {
    content = "this is benet web!\n"
  }
}
