# Every block of the language, each first in the shortest form that makes sense: that is
# what the reference shows of it. All of it is one valid configuration.

variable "weight" {
  type        = number
  default     = 1
  description = "the weight of all caches"

  validation {
    condition     = var.weight > 0
    error_message = "The weight must be above 0."
  }
}

locals {
  lan    = "192.168.80"
  caches = [for i in range(21, 24) : "${local.lan}.${i}"]
}

host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  local     = true
}

cluster "web" {
  mode      = "dr"
  vip       = "192.168.80.188"
  algorithm = "wlc"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host   = host.web1
    weight = 3
  }

  pool "caches" {
    servers = ["192.168.80.21", "192.168.80.22 weight 5"]
  }

  probe "pages" {
    from     = host.client
    http     = "http://192.168.80.188/"
    contains = "web"
  }

  rollout {
    wave = "25%"

    probe {
      http = "http://${server.address}/"
    }
  }
}

host "web1" {
  address   = "192.168.80.12"
  interface = "ens33"
  command   = ["ssh", "root@web1"]

  sysctl "net.core.somaxconn" {
    value = 4096
  }

  link "vlan100" {
    type   = "vlan"
    parent = "ens33"
    vlan   = 100
  }

  address "10.0.0.12/24" {
    interface = "vlan100"
  }

  route "10.1.0.0/16" {
    via       = "10.0.0.1"
    interface = "vlan100"
    table     = 100
  }

  rule "1000" {
    from  = "10.0.0.0/24"
    table = 100
  }
}

host "client" {
  address = "192.168.80.200"

  ssh {
    user = "deploy"
  }
}

host "lb2" {
  address   = "192.168.80.11"
  interface = "ens33"
  command   = ["ssh", "root@lb2"]

  ipvs {
    tcp_timeout        = 7200
    expire_nodest_conn = 1

    sync_daemon "backup" {
      interface = "ens33"
      id        = 1
    }
  }
}

cluster "remote" {
  mode      = "tun"
  vip       = "192.168.80.189"
  directors = [host.lb2]

  tunnel {
    type = "gue"
    port = 6080
  }

  service "https" {
    port      = 443
    algorithm = "mh"

    persistence {
      timeout = 30
      netmask = "255.255.255.0"
    }
  }

  pool "remote" {
    servers = local.caches
    weight  = var.weight
  }
}

host "nfs" {
  address   = "192.168.80.14"
  interface = "ens33"

  ssh {
    user = "deploy"
    jump = "gate.example.com"
  }

  directory "/srv/programs" {
    mode = "0755"
  }

  file "/srv/programs/README" {
    content = "Programs for all web servers.\n"
  }

  file_block "/etc/hosts" {
    name    = "cluster"
    content = "192.168.80.10 lb1\n"
  }

  mount "/srv/backup" {
    source = "192.168.80.20:/srv/backup"
  }

  unit "smartd.service" {
    running = true
    enabled = true
  }
}

cluster "pages" {
  mode      = "dr"
  vip       = "192.168.80.191"
  algorithm = "rr"
  directors = [host.lb1]

  service "http" {
    port = 80
  }

  real_server "web1" {
    host = host.web1
  }

  nfs_share "pages" {
    server  = host.nfs
    path    = "/opt/pages"
    clients = ["192.168.80.0/24"]
    options = ["rw"]

    directory {
      mode = "0775"
    }

    mount "/var/www/html" {
      hosts     = [host.web1]
      read_only = true
    }
  }
}

defaults {
  mode      = "dr"
  algorithm = "wlc"
  directors = [host.lb1]
}

cluster "soon" {
  vip = "192.168.80.190"

  ignore "no-services" {
    reason = "the services move here next week"
  }
}

policy "careful" {
  message      = "Ask the on-call lead before you go further."
  max_removed  = "25%"
  keep_servers = true
  keep_vips    = true
  clusters     = ["web"]
}

policy "at-night" {
  message = "People work with this during the day."
  hosts   = [host.lb1, host.web1]

  window {
    days = ["mon", "tue", "wed", "thu"]
    from = "22:00"
    to   = "05:30"
    zone = "Europe/Berlin"
  }
}

variable "etcd_password" {
  default     = ""
  sensitive   = true
  description = "the password of the user lvsctl in etcd"
}

backend "etcd" {
  endpoints = ["https://10.0.0.5:2379", "https://10.0.0.6:2379", "https://10.0.0.7:2379"]
  prefix    = "lvsctl/web"
  username  = "lvsctl"
  password  = var.etcd_password
  ca_file   = "etcd-ca.pem"
  cert_file = "lvsctl.pem"
  key_file  = "lvsctl.key"
  ttl       = "15s"
  timeout   = "5s"
}
