host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

host "web1" {
  address   = "10.0.0.11"
  interface = "eth0"
  netns     = "web1"

  directory "/srv/a" {
    mode  = "0750"
    owner = "www-data"
    group = "www-data"
  }

  file "/srv/a/motd" {
    content = "hello\n"
    mode    = 600
  }

  file_block "/etc/hosts" {
    content = <<-EOT
      192.0.2.1 lb1
      192.0.2.2 lb2
    EOT
  }

  file_block "/etc/bind/named.conf" {
    name    = "zones/a"
    comment = "//"
    content = "include \"a\";"
  }

  mount "/mnt" {
    source  = "192.0.2.9:/backup"
    options = ["ro"]
  }

  unit "bind9.service" {
    running   = true
    enabled   = false
    reload_on = ["/etc/bind/named.conf", "/srv/a/motd"]
  }
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

  nfs_share "pages" {
    server  = host.nfs
    address = "10.0.0.15"
    path    = "/opt/pages"
    clients = ["10.0.0.0/24", "@web", "*.example.org"]
    options = ["rw", "sync", "no_subtree_check"]

    directory {
      mode  = "2775"
      group = "www-data"
    }

    mount "/var/www/html" {
      hosts     = [host.web1]
      version   = "4.2"
      read_only = true
      options   = ["noatime", "soft"]
    }

    mount "/srv/pages" {
      hosts = [host.lb1, host.web1]
      boot  = false
      force = true
    }
  }

  nfs_share "programs" {
    server  = host.nfs
    path    = "/usr/share"
    clients = ["*"]
  }
}
