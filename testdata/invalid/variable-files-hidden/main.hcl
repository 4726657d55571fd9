# --var-file secrets.vars
# --var-file more.json
variable "password" {
  type      = object({ text = string })
  sensitive = true
}

variable "pin" {
  type      = number
  sensitive = true
}
