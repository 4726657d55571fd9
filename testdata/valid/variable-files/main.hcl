# --var-file site.vars
# --var-file over.json
# --var port=8443
# env LVSCTL_VAR_algorithm=wrr
# env LVSCTL_VAR_weight=3
# env LVSCTL_VAR_of_another_config=1

# The last of these counts: the default, the environment, files in order, --var.

variable "algorithm" {
  default = "rr"
}

variable "weight" {
  type    = number
  default = 1

  validation {
    condition     = var.weight > 0
    error_message = "The weight must be above 0."
  }
}

variable "port" {
  type    = number
  default = 80
}

variable "servers" {
  default = []
}

variable "lan" {
  type     = string
  default  = "192.0.2"
  nullable = false
}

variable "secret" {
  sensitive = true

  validation {
    condition     = length(var.secret) > 3 && var.secret != var.lan
    error_message = "The secret is too short."
  }
}

locals {
  unused = "${var.secret} is kept"
}

host "lb1" {
  address   = "${var.lan}.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "${var.lan}.100"
  algorithm = var.algorithm
  directors = [host.lb1]

  service "https" {
    port = var.port
  }

  pool "servers" {
    weight  = var.weight
    servers = var.servers
  }
}
