# --var-file site.vars
# --var-file more.json
# env LVSCTL_VAR_weihgt=3
# env LVSCTL_VAR_list=[1,
variable "weight" {
  type = number
}

variable "list" {
  type = list(number)
}

variable "site" {
  type = object({ name = string, lan = optional(string) })
}

variable "fixed" {
  type     = string
  nullable = false
}

variable "null_default" {
  default  = null
  nullable = false
}

variable "verbatim" {
  validation {
    condition     = var.verbatim == "text"
    error_message = "The text must be: text."
  }
}
