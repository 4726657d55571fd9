# A cluster that is wrong may be another one: a policy about it is not wrong as well.

host "lb1" {
  address = "192.0.2.10"
  command = ["ssh", "lb1"]
}

cluster "web web" {
  mode      = "dr"
  vip       = "192.0.2.100"
  algorithm = "rr"
  directors = [host.lb1]
}

policy "capacity" {
  message     = "Ask first."
  max_removed = "25%"
  clusters    = ["web"]
}
