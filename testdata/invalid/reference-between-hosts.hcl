host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

locals {
  first = host.lb1.address
}

variable "second" {
  default = local.first
}

host "lb2" {
  address   = host.lb1.address
  interface = vars.interface
  netns     = var.netns
}
