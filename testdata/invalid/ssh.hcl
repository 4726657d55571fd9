host "option-as-address" {
  address = "10.0.0.1"
  ssh {
    address = "-oProxyCommand=reboot"
  }
}

host "words" {
  address = "10.0.0.2"
  ssh {
    user = "deploy; reboot"
    jump = "$(reboot)"
    port = 0
  }
}

host "another-user" {
  address = "10.0.0.3"
  ssh {
    user = "deploy@lb1"
  }
}

host "unchecked" {
  address = "10.0.0.4"
  ssh {
    options = ["StrictHostKeyChecking=no"]
  }
}

host "by-a-shell" {
  address = "10.0.0.5"
  ssh {
    options = ["Compression=yes", "proxycommand=nc %h %p"]
  }
}

host "no-option" {
  address = "10.0.0.6"
  ssh {
    options = ["-v"]
  }
}

host "no-program" {
  address = "10.0.0.7"
  ssh {
    agent    = "lvsctl"
    identity = ""
    timeout  = "1s"
  }
}

host "two-ways" {
  address = "10.0.0.8"
  local   = true
  ssh {}
}

host "twice" {
  address = "10.0.0.9"
  ssh {}
  ssh {
    user = "root"
  }
}
