# Mistakes of different sorts do not hide each other.
host "lb1" {
  address   = "10.0.0.1/24"
  interface = "eth0"
  local     = "yes"
}

cluster "web" {
  mode      = "dr"
  vip       = 10
  algorithm = "rrr"
  directors = [host.lb1]

  service "http" {
    port      = "http"
    algorithm = "rr"
    color     = "red"
  }

  real_server "web1" {
    host   = host.web1
    weight = -1
  }

  real_server "web2" {
    address = "${host.lb1.address}0" # nothing more to say about this one
  }
}
