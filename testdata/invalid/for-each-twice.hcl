# Of two equal keys the value has only one.
host "web" {
  for_each = { a = "10.0.0.1", b = "10.0.0.2", "a" = "10.0.0.3" }
  address  = each.value
  netns    = each.key
}
