host "a" {
  address = "10.0.0.1"
  local   = true
}

host "b" {
  address = "10.0.0.2"
  local   = true
}

host "c" {
  address = "10.0.0.3"
  netns   = "lb"
}

host "d" {
  address = "10.0.0.4"
  netns   = "lb"
}

host "e" {
  address = "10.0.0.5"
  command = ["ssh", "lb"]
}

host "f" {
  address = "10.0.0.6"
  command = ["ssh", "lb"]
}

host "g" {
  address = "10.0.0.7"
  ssh {}
}

host "h" {
  address = "10.0.0.8"
  ssh {
    address = "10.0.0.7"
    user    = "root"
  }
}

host "i" {
  address = "10.0.0.9"
  ssh {
    address = "10.0.0.7"
    port    = 2222
  }
}
