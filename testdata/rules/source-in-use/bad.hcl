host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

host "web1" {
  address = "10.0.0.4"
  netns   = "web1"
}

# The first of these is the director's own address, and serves.
cluster "web" {
  mode      = "fullnat"
  vip       = "10.0.0.9"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "10.0.0.1-10.0.0.4"

  service "http" {
    port = 80
  }

  pool "p" {
    servers = ["10.0.0.7"]
  }
}

cluster "other" {
  mode      = "fullnat"
  vip       = "10.0.0.10"
  algorithm = "rr"
  directors = [host.lb1]
  source    = "10.0.0.7-10.0.0.8"

  service "http" {
    port = 80
  }

  pool "p" {
    servers = ["10.0.0.7", "10.0.0.1"]
  }
}
