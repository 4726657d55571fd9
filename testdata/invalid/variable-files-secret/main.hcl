# --var-file broken.vars
# --var-file broken.json
variable "password" {
  type      = string
  sensitive = true
}
