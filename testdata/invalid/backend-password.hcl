# --var etcd_password=open

variable "etcd_password" {
  type      = string
  sensitive = true
}

host "lb1" {
  address = "192.0.2.10"
  command = ["ssh", "lb1"]
}

backend "etcd" {
  endpoints = ["http://a:2379", "http://${var.etcd_password}:2379"]
  username  = "lvsctl"
  password  = var.etcd_password + 1
}
