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
