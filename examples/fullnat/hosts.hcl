# The director is the only machine that lvsctl has to reach: in FULLNAT nothing has to be
# set up on real servers.

host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb1"
}
