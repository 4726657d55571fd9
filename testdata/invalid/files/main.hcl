locals {
  missing  = file("motd.txt")
  absolute = file("/nowhere/motd.txt")
  home     = file("~/motd.txt")
  folder   = file("templates")
  no_text  = file("binary.dat")
  exists   = fileexists("templates")
  list     = templatefile("templates/list.tpl", {})
  again    = templatefile("templates/again.tpl", { x = 1 })
  unknown  = templatefile("templates/unknown.tpl", { server = "web1", port = 80 })
  syntax   = templatefile("templates/syntax.tpl", {})
  call     = templatefile("templates/call.tpl", { port = "x" })
  vars     = templatefile("templates/call.tpl", ["port"])
}
