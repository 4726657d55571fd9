package planner

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A VIP must be at one machine of a segment. Before it comes to a director, the director
// asks the machines on the segment who has it. One of ours may: one that gives it up in the
// same plan, or that is to have it too and is kept from answering, or of which it was said
// otherwise that there are several.

// Arrivals lists, by host, the VIPs that directors are to get and do not have, where others
// can be asked for them. The order is always the same.
func Arrivals(cfg *schema.Config, d *Desired, snapshots map[string]*resource.Snapshot) map[string][]resource.Address {
	list := map[string][]resource.Address{}
	for cluster, h := range directorsOf(cfg) {
		snap, read := snapshots[h.Name]
		link := cluster.VIPInterface(h)
		if !read || link == "lo" || !slices.Contains(snap.Facts.Links, link) || slices.Contains(snap.Facts.Down, link) {
			continue
		}
		for _, vip := range cluster.VIPs {
			a := vipAddress(link, vip)
			w, wanted := d.wants[h.Name].Find(a.Key())
			if !wanted || snap.Live.Get(a.Key()) != nil || w.loose && hasOwn(snap, vip) || slices.Contains(list[h.Name], a) {
				continue
			}
			list[h.Name] = append(list[h.Name], a)
		}
	}
	return list
}

// CheckArrivals finds VIPs that other machines answered for when hosts asked who has them,
// and those that nobody could be asked for. What was heard is, by host, in the order of the
// arrivals.
func CheckArrivals(cfg *schema.Config, d *Desired, snapshots map[string]*resource.Snapshot, arrivals map[string][]resource.Address, heard map[string][]resource.Neighbour) hcl.Diagnostics {
	c := checker{snapshots: snapshots, seen: map[string]bool{}}
	for cluster, h := range directorsOf(cfg) {
		link := cluster.VIPInterface(h)
		for i, a := range arrivals[h.Name] {
			if a.Link == link && slices.Contains(cluster.VIPs, a.Prefix.Addr()) {
				c.arrival(d, cluster, h, a, heard[h.Name][i])
			}
		}
	}
	return c.diags
}

// directorsOf goes through the directors that are to have the VIPs of their clusters.
func directorsOf(cfg *schema.Config) iter.Seq2[*schema.Cluster, *schema.Host] {
	return func(yield func(*schema.Cluster, *schema.Host) bool) {
		for _, cluster := range cfg.Clusters {
			for _, h := range cluster.Directors {
				if !cluster.ServicesOnly && !yield(cluster, h) {
					return
				}
			}
		}
	}
}

// arrival finds out about one VIP that is to come to a director.
func (c *checker) arrival(d *Desired, cluster *schema.Cluster, h *schema.Host, vip resource.Address, heard resource.Neighbour) {
	addr := vip.Prefix.Addr()
	if heard.Failure != "" {
		c.find(hcl.DiagWarning, cluster.Range.Ptr(), "Nobody could be asked for a VIP",
			"Before the VIP %s comes to director %s, the machines on the segment of %s are asked whether one has it already. That was not possible: %s.",
			addr, h.Name, vip.Link, heard.Failure)
		return
	}
	if heard.Hardware == "" {
		return
	}
	who := "a machine with the Ethernet address " + heard.Hardware
	for _, name := range d.Hosts {
		snap, read := c.snapshots[name]
		if !read || !slices.Contains(snap.Facts.Hardware, heard.Hardware) {
			continue
		}
		if d.mayAnswer(name, addr, snap) {
			return
		}
		who = "host " + name + ", with the Ethernet address " + heard.Hardware + ","
	}
	c.note(schema.RuleAnswered, h, cluster, cluster.Range.Ptr(),
		"On the segment of %s of director %s, %s answers for the VIP %s. With two machines that have it, clients reach the one or the other by chance. Take it away there first, or choose another VIP.",
		vip.Link, h.Name, who, addr)
}

// mayAnswer tells whether one of our hosts answers for a VIP for reasons that the config
// knows: it is to have it, or it has it from us and gives it up.
func (d *Desired) mayAnswer(host string, vip netip.Addr, snap *resource.Snapshot) bool {
	has := false
	for _, a := range snap.Facts.Addresses {
		if a.Prefix.Addr() != vip {
			continue
		}
		has = true
		_, wanted := d.wants[host].Find(a.Key())
		if _, ours := snap.Ledger.Claims.Find(a.Key()); !wanted && !ours {
			return false
		}
	}
	return has
}
