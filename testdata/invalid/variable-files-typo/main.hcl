# --var-file block.vars
# --var-file twice.json
# --var-file typo.json
variable "pin" {
  type      = number
  sensitive = true
}

variable "port" {
  type = number
}
