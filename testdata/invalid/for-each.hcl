# What for_each cannot be.
variable "webs" {
  type    = map(string)
  default = null
}

variable "secret" {
  default   = ["a", "b"]
  sensitive = true
}

locals {
  numbers = [1, 2, "1"]
  broken  = local.missing
}

host "null" {
  for_each = var.webs
  address  = each.value
  netns    = each.key
}

host "bool" {
  for_each = true
  address  = each.value
  netns    = each.key
}

host "secret" {
  for_each = var.secret
  address  = each.value
  netns    = each.key
}

host "half-secret" {
  for_each = ["c", var.secret[0]]
  address  = each.value
  netns    = each.key
}

host "text" {
  for_each = "web1"
  address  = each.value
  netns    = each.key
}

host "unknown" {
  for_each = var.web
  address  = each.value
  netns    = each.key
}

host "broken" {
  for_each = local.broken
  address  = each.value
  netns    = each.key
}

host "half-broken" {
  for_each = [local.broken, "a"]
  address  = each.value
  netns    = each.key
}

host "objects" {
  for_each = [{ name = "web1" }, null, ["web2"]]
  address  = each.value
  netns    = each.key
}

host "keys" {
  for_each = ["a", "b c", "", "a", "d/e"]
  address  = "10.0.0.1"
  netns    = each.key
}

host "computed" {
  for_each = local.numbers
  address  = "10.0.0.2"
  netns    = each.key
}

host "object" {
  for_each = { d = 1, "b c" = 2 }
  address  = "10.0.0.3"
  netns    = each.key
}

host "map" {
  for_each = { for c in ["x y", "z"] : c => c }
  address  = "10.0.0.4"
  netns    = "map"
}

# None of these hosts is there, and nothing more is to be said about that.
cluster "web" {
  mode      = "dr"
  vip       = "10.0.0.100"
  algorithm = "rr"
  directors = [host.broken["a"], host.unknown.b, host.keys["a"].name]

  service "http" {
    port = 80

    real_server "web" {
      for_each = host.map
      host     = each.value
    }
  }
}
