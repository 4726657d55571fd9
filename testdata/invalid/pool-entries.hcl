host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  pool "ports" {
    servers = ["10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "[fd00::1]:http"]
  }

  pool "weights" {
    servers = ["10.0.0.1 weight", "10.0.0.1 weight -1", "10.0.0.1 wieght 5", "10.0.0.1 5", "10.0.0.1 weight 2147483648"]
  }

  pool "addresses" {
    servers = [
      "",
      "web1",
      "  10.0.0.300:80   weight 5",
      "[fd00::1",
      "10.0.0.0/24",
    ]
  }

  pool "many" {
    servers = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
  }

  pool "computed" {
    servers = [for i in [1, 256] : "10.0.0.${i}"]
  }

  pool "names" {
    servers = ["10.0.0.${local.last}", "10.0.0.2"]
  }

  pool "escapes" {
    servers = ["10.0.0.1\t wéight 5", "10.0.0.1 wéight 5"]
  }
}
