host "no-reach" {
  address = "10.0.0.1"
}

host "two-ways" {
  address = "10.0.0.2"
  netns   = "lb1"
  local   = true
}

host "not-local" {
  address = "10.0.0.3"
  local   = false
}

host "empty-command" {
  address = "10.0.0.4"
  command = []
}

host "slash" {
  address = "10.0.0.5"
  netns   = "/var/run/netns/lb1"
}

host "alias" {
  address   = "10.0.0.6/24"
  interface = "eth0:0"
  netns     = "a"
}

host "long" {
  address   = "10.0.0.7"
  interface = "enp0s31f6.public4"
  netns     = "b"
}

host "null-in-command" {
  address = "10.0.0.8"
  command = ["ssh", null]
}

host "misspelt" {
  address = "10.0.0.9"
  nets    = "c"
}
