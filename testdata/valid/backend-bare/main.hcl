host "lb1" {
  address = "192.0.2.10"
  command = ["ssh", "lb1"]
}

backend "etcd" {
  endpoints = ["http://localhost:2379"]
}
