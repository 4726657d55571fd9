# --var weight=7
# --var vip=192.0.2.100
# --var ports=[80, 8080]
# --var site={name = "east"}

variable "weight" {
  type    = number
  default = 1
}

variable "vip" {
  type        = string
  description = "where clients connect to"
}

variable "ports" {
  type = list(number)
}

variable "site" {
  type = object({ name = string, lan = optional(string, "192.0.2") })
}

variable "algorithm" {
  default = "wrr"
}

variable "interface" {
  type    = string
  default = null
}

locals {
  c = "${local.b}.1"
  b = local.a
}

locals {
  a = var.site.lan
}

host "lb1" {
  address   = local.c
  interface = coalesce(var.interface, "eth0")
  netns     = "lb-${var.site.name}"
}

cluster "web" {
  mode      = "dr"
  vip       = var.vip
  algorithm = var.algorithm
  directors = [host.lb1]

  service "first" {
    port = var.ports[0]
  }

  service "second" {
    port = var.ports[1]
  }

  real_server "r1" {
    address = "${local.b}.2"
    weight  = var.weight
  }
}
