host "lb1" {
  address   = "192.0.2.10"
  interface = "eth0"
  command   = ["ssh", "lb1"]
}

cluster "web" {
  mode      = "dr"
  vip       = "192.0.2.100"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "192.0.2.11"
  }
}

policy "silent" {
  keep_vips = true
}

policy "empty" {
  message   = " "
  keep_vips = true
}

policy "idle" {
  message      = "Never said."
  keep_servers = false
}

policy "idle" {
  message   = "A second one."
  keep_vips = true
}

policy "-x" {
  message   = "A name that looks like a flag."
  keep_vips = true
}

policy "percent" {
  message     = "Without the sign."
  max_removed = 25
}

policy "all" {
  message     = "All may go anyway."
  max_removed = "100%"
}

policy "elsewhere" {
  message   = "Misspelt."
  keep_vips = true
  clusters  = ["wbe"]
}

policy "nowhere" {
  message   = "About nothing."
  keep_vips = true
  clusters  = []
}

policy "hosts" {
  message = "Hosts are referred to."
  hosts   = ["lb1"]
}

policy "no-hosts" {
  message = "None may be changed."
  hosts   = []
}

policy "words" {
  message    = "Arguments that there are not."
  keep_vip   = true
  max_remove = "5%"
}

policy "days" {
  message = "Days and times."

  window {
    days = ["monday", "tue", "tue"]
    from = "9:00"
    to   = "25:00"
    zone = "Europe/Berlim"
  }

  window {
    days = []
    from = "24:00"
    zone = "Local"
  }

  window {
    from = "10:00"
    to   = "10:00"
  }
}
