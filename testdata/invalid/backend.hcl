variable "hosts" {
  default = 3
}

host "lb1" {
  address = "192.0.2.10"
  command = ["ssh", "lb1"]
}

backend "etcd" {
  endpoints = ["https://a:2379", "http://b:2379", "https://a:2379/", "c:2379", "https://d", "https://e:2379/v3", "https://u:p@f:2379"]
  prefix    = "a b"
  password  = "don't tell"
  cert_file = ""
  ttl       = "2500ms"
  timeout   = "1h"
}

backend "etcd" {
  endpoints = []
}
