# --var etcd_password=open

variable "etcd_password" {
  sensitive = true
}

host "lb1" {
  address = "192.0.2.10"
  command = ["ssh", "lb1"]
}

backend "etcd" {
  endpoints = ["https://192.0.2.1:2379/", "https://[2001:DB8::1]:2379"]
  prefix    = "/lvsctl/web/"
  username  = "lvsctl"
  password  = var.etcd_password
  ca_file   = "ca.pem"
  cert_file = "/etc/lvsctl/client.pem"
  key_file  = "../client.key"
  ttl       = "20s"
  timeout   = "500ms"
}
