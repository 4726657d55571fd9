host "lb1" {
  address = "10.0.0.1
}

cluster "web" {
  mode == "dr"
}
