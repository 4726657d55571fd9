host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

host "web1" {
  address = "10.0.0.2"
  netns   = "web1"
}

# A real server needs an interface for its default route.
cluster "web" {
  mode      = "nat"
  vip       = "10.0.0.1"
  algorithm = "rr"
  directors = [host.lb1]
  gateway   = "fd00::1"

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
    port = 8080
  }
}

# There is no gateway in direct routing.
cluster "direct" {
  mode      = "dr"
  vip       = "10.0.0.9"
  algorithm = "rr"
  directors = [host.lb1]
  gateway   = "10.0.0.1"

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }
}
