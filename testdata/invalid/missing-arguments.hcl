host "lb1" {
}

cluster "web" {
  service "http" {
  }

  real_server "web1" {
  }

  pool "more" {
  }
}
