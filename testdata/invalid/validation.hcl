# --var weight=0
# env LVSCTL_VAR_algorithm=rand
# --var password=hunter2
variable "weight" {
  type = number

  validation {
    condition     = var.weight > 0
    error_message = "The weight must be above 0."
  }
}

variable "algorithm" {
  type = string

  validation {
    condition     = contains(["rr", "wrr"], var.algorithm)
    error_message = "The algorithm ${var.algorithm} is not one of ours."
  }
}

variable "ports" {
  type    = list(number)
  default = [80, 80]

  validation {
    condition     = length(distinct(var.ports)) == length(var.ports)
    error_message = "Each port stands for itself."
  }

  validation {
    condition     = alltrue([for p in var.ports : p > 1024])
    error_message = "Ports are above 1024."
  }
}

variable "lower" {
  type    = number
  default = 9

  validation {
    condition     = var.lower < var.upper
    error_message = "The lower bound must be below the upper one, ${var.upper}."
  }
}

variable "upper" {
  type    = number
  default = 5
}

variable "password" {
  type      = string
  sensitive = true

  validation {
    condition     = length(var.password) >= 8
    error_message = "A password has at least 8 characters."
  }

  validation {
    condition     = var.password != "hunter2"
    error_message = "The password ${var.password} is known to everybody."
  }

  validation {
    condition     = parseint(var.password, 10) > 0
    error_message = "A password is a number."
  }

  validation {
    condition     = var.password
    error_message = "A password is true."
  }
}

variable "name" {
  default = "east"

  validation {
    condition     = var.weight > 0
    error_message = "This is about another variable."
  }

  validation {
    condition     = var.name
    error_message = "This is no condition."
  }

  validation {
    condition     = parseint(var.name, 10) > 0
    error_message = "This cannot be computed."
  }

  validation {
    condition     = var.name == "west" ? true : null
    error_message = "This is null."
  }

  validation {
    condition     = var.nmae != ""
    error_message = "This does not exist."
  }

  validation {
    condition     = var.name != ""
    error_message = ["This is no text."]
  }

  validation {
    error_mesage = "This is misspelt."
  }
}

# What was refused is not reported again where it is used.
host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb1"
}

cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = var.algorithm
  directors = [host.lb1]

  service "http" {
    port = var.ports[0]
  }

  real_server "web1" {
    address = "10.0.0.11"
    weight  = var.weight - 5
  }
}
