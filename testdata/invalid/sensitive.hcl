# --var number=4711s3cret
# --var list=["s3cret"]
# --var port=4711
# --var address=10.47.11.1
# --var pair={ user = "anna", password = "s3cret" }
variable "number" {
  type      = number
  sensitive = true
}

variable "list" {
  type      = list(number)
  sensitive = true
}

variable "port" {
  type      = number
  sensitive = true
}

variable "address" {
  type      = string
  sensitive = true
}

variable "pair" {
  type      = object({ user = string, password = string })
  sensitive = true
}

variable "default" {
  type      = number
  default   = "s3cret"
  sensitive = true
}

variable "call" {
  default   = parseint("s3cret", 10)
  sensitive = true
}

variable "unclear" {
  default   = "s3cret"
  sensitive = "perhaps"
}

locals {
  same     = "${var.address}"
  failed   = parseint(var.address, 10)
  number   = var.address + 1
  tried    = try(parseint(var.address, 10), tonumber(var.address))
  template = templatefile("sensitive.hcl", var.pair)
  whole    = jsonencode(var)
  of_file  = file(var.address)
  index    = { a = 1 }[var.address]
}

host "lb1" {
  address   = local.same
  interface = "eth0"
  command   = ["ssh", "-o", var.pair.password, "lb1"]
}

cluster "web" {
  mode      = "dr"
  vip       = var.address
  algorithm = var.port > 80 ? "rr" : "wrr"
  directors = [host.lb1]

  service "http" {
    port = var.port
  }

  real_server "web1" {
    address = cidrhost("10.0.0.0/24", var.port)
    host    = var.address
  }

  pool "more" {
    servers = ["10.0.0.1", var.address, "${local.same}:80", local.whole]
  }

  pool "all" {
    servers = [for i in [1] : var.address]
  }
}
