# --var weight=heavy
# --var wieght=5
# --var anything=some text
# --var list=[1, "x"]
variable "weight" {
  type = number
}

variable "vip" {
  type = string
}

variable "anything" {
}

variable "list" {
  type = list(number)
}

variable "bad_default" {
  type    = number
  default = "many"
}

variable "bad_type" {
  type    = strin
  default = "x"
}
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = var.vip
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    address = "10.0.0.11"
    weight  = var.weight
  }

  real_server "web2" {
    address = "10.0.0.12"
    weight  = var.bad_default + var.undeclared
  }
}
