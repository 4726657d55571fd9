# The tutorial cluster: a director, two web servers and a file server on one segment.
# Clients talk to the VIP, the director hands each connection to one of the web servers,
# and that one answers the client directly. What it answers with comes from the file
# server. In earnest both would mount the same share; here each has its own, so that
# clients can see who answered.

cluster "web" {
  mode      = "dr"
  vip       = "192.168.80.188"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }

  real_server "web2" {
    host = host.web2
  }

  nfs_share "kgc" {
    server  = host.nfs
    path    = "/opt/kgc"
    clients = ["192.168.80.0/24"]
    options = ["rw", "sync", "fsid=1"]

    mount "/var/www/html" {
      hosts = [host.web1]
    }
  }

  nfs_share "benet" {
    server  = host.nfs
    path    = "/opt/benet"
    clients = ["192.168.80.0/24"]
    options = ["rw", "sync", "fsid=2"]

    mount "/var/www/html" {
      hosts = [host.web2]
    }
  }

  # Whoever wants it can mount it, and nobody here does.
  nfs_share "programs" {
    server  = host.nfs
    path    = "/usr/share"
    clients = ["*"]
    options = ["ro", "fsid=3"]
  }
}
