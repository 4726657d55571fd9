host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "here" {
  address = "10.0.0.9"
  local   = true
}

host "a" {
  address = "10.0.0.3"
  command = ["ssh", "a"]
}

host "b" {
  address = "10.0.0.4"
  command = ["ssh", "a"]
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"
}

host "lb3" {
  address = "10.0.0.5"
  netns   = "lb2"
}
