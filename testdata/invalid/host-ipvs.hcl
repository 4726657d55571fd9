host "lb1" {
  address   = "10.0.0.1"
  interface = "eth0"
  local     = true

  ipvs {
    tcp_timeout      = 0
    udp_timeout      = "long"
    conntrack        = 2
    contrack         = 1
    drop_entry       = 2
    drop_packet      = 2
    secure_tcp       = 4
    sync_ports       = 6
    sync_threshold   = "50 3"
    est_cpulist      = "all"
    sync_retries     = [3]
    run_estimation   = true

    sync_daemon "master" {
      id = 256
    }

    sync_daemon "backup" {
      interface  = "eth/1"
      group      = "10.0.0.81"
      ttl        = 0
      port       = 65536
      max_length = 512
    }

    sync_daemon "primary" {
      interface = "eth1"
    }

    sync_daemon "master" {
      interface = "eth1"
    }
  }

  ipvs {}
}

host "lb2" {
  address   = "10.0.0.2"
  interface = "eth0"
  netns     = "lb2"

  ipvs {
    sync_threshold = "three"

    sync_daemon "backup" {
      interface = "eth1"
      group     = ["224.0.0.81"]
    }

    sync_daemon "master" {
      interface = "eth1"
      group     = "ff02::81%eth1"
    }
  }
}
