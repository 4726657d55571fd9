# The machines. In the lab each is a network namespace; on real machines, say how they
# are reached instead, as in ssh { user = "deploy" }.

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

# The file server, with the pages. In earnest they would be somebody else's business.
host "nfs" {
  address   = "192.168.80.14"
  interface = "ens33"
  netns     = "nfs"

  directory "/opt/kgc" {}

  file "/opt/kgc/index.html" {
    content = "this is kgc web!\n"
  }

  directory "/opt/benet" {}

  file "/opt/benet/index.html" {
    content = "this is benet web!\n"
  }
}
