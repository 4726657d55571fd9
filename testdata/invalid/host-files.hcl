# What can be wrong with files, mounts and units of a host.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  file "motd" {
    content = "hello"
  }

  file "/etc//motd" {
    content = "hello"
  }

  file "/etc/motd" {
    content = "hello"
    mode    = "0999"
    owner   = "a b"
  }

  file "/etc/issue" {}

  file_block "/etc/hosts" {
    name    = "a b"
    comment = "x"
    content = "192.0.2.1 lb1"
  }

  file_block "/etc/issue.net" {
    content = "a\u0000"
  }

  file_block "/etc/services" {
    content = "a\n# END lvsctl host\n"
  }

  directory "/srv/../opt" {
    mode = 755
  }

  directory "/srv" {
    group = ""
  }

  mount "/mnt" {
    source = "-o"
    type   = "nfs4"
  }

  mount "/media" {
    source  = "192.0.2.1:/srv"
    options = ["ro,rw"]
  }

  unit "nginx" {
    running = true
  }

  unit "nginx.service" {}

  unit "bind9.service" {
    reload_on = ["/etc/bind/named.conf"]
  }

  unit "ssh.service" {
    running = "sometimes"
  }
}
