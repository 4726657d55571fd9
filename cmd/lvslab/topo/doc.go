// Package topo builds small networks for tests: hosts that are network
// namespaces, joined by bridges, on one kernel.
//
//	n := topo.New(t)
//	lb := n.Host("lb1", topo.NIC("ens33", "lan", "192.168.80.10/24"))
//	web := n.Host("web1", topo.NIC("ens33", "lan", "192.168.80.12/24"))
//	client := n.Host("client", topo.NIC("ens33", "lan", "192.168.80.200/24"))
//	web.Serve(topo.HTTP(":80", "this is web1"))
//	lb.Run("ipvsadm", "-A", "-t", "192.168.80.188:80", "-s", "rr")
//	got := client.Get("http://192.168.80.188/")
//
// A host has its own network, its own view of /etc and /var/lib, an empty /run,
// and a /sys that shows its interfaces. Its root directory, /opt, /srv, /mnt and /var
// are its own and in memory, with what the machine has in them, but for /var/www; an
// NFS server can export what is made there. Everything else, /tmp included, is the
// machine's. Its namespaces are pinned where the usual tools look for them:
//
//	ip netns exec lb1 ipvsadm -Ln
//	nsenter --net=/run/netns/lb1 --mount=/run/mntns/lb1 -- ls /etc
//
// A host with systemd has a process namespace too, which is pinned in /run/pidns.
//
// The package works on Linux, as root, with a kernel that has IPVS. Where there
// is none, the tests that use it are skipped, except in the lab (LVSLAB=1, see
// the lvslab command), where nothing may be missing.
package topo
