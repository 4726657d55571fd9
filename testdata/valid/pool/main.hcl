host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "wlc"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  # Between the two services in the text, and behind both.
  pool "all" {
    weight  = 2
    servers = ["10.0.1.1", "10.0.1.2 weight 5", "10.0.1.3\tweight  0"]
  }

  service "https" {
    port = 443

    pool "own" {
      port = 443
      servers = [
        "10.0.2.1:443",
        "${"10.0.2"}.2:443 weight 7",
      ]
    }

    pool "computed" {
      servers = [for i in range(3, 6) : "10.0.2.${i}:443 weight ${i}"]
    }

    pool "empty" {
      servers = []
    }
  }
}
