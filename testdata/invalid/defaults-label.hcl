# There is one defaults block, and it has no name.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true
}

defaults "web" {
  algorithm = "rr"
}
