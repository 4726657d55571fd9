weight = 5

host "lb1" {
  address = "10.0.0.1"
  netns   = "lb1"
}
