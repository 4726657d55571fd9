# --var-file site.vars
# --var-file site.json
# --var-file no.vars
variable "weight" {
  type = number
}
