host "lb1" {
  address = "192.0.2.10"
  command = ["ssh", "lb1"]
}

backend "consul" {
  endpoints = ["http://a:2379"]
  username  = "lvsctl"
  password  = ["don't tell"]
  ca_file   = "ca.pem"
  key_file  = "key.pem"
  address   = host.lb1
}
