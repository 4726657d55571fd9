host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

host "lb2" {
  address = "10.0.0.1"
  netns   = "lb2"
}
