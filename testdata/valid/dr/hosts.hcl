locals {
  lan = "192.168.80"
}

host "lb1" {
  address   = "${local.lan}.10"
  interface = "ens33"
  netns     = "lb1"
}

host "web1" {
  address = "${local.lan}.12"
  netns   = "web1"
}

host "web2" {
  address = "${local.lan}.13"
  command = ["ssh", "-o", "BatchMode=yes", "web2"]
}
