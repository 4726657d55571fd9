package planner

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Check finds what a config asks of hosts that cannot give it: what their kernels
// lack, and what is not there. It runs before a plan is made, so that nothing is
// touched for a config that cannot work.
func Check(cfg *schema.Config, d *Desired, snapshots map[string]*resource.Snapshot) hcl.Diagnostics {
	c := checker{snapshots: snapshots, seen: map[string]bool{}, checked: map[role]*schema.Cluster{}, missing: map[string]bool{}}
	d = d.on(snapshots)
	c.diags = d.checkForgotten(snapshots)
	for _, cluster := range cfg.Clusters {
		for _, h := range cluster.Directors {
			c.director(cluster, h)
			if snap, ok := snapshots[h.Name]; ok {
				c.otherBalancers(h, snap.Facts)
				c.elsewhere(cluster, h, snap.Facts)
				c.nearClients(cluster, h, snap.Facts)
				c.slowReuse(d, h, snap)
				c.advertisedRoute(d, h, cluster, snap)
			}
		}
		for _, svc := range cluster.Services {
			for i := range svc.RealServers {
				if rs := &svc.RealServers[i]; rs.Host != nil && !slices.Contains(cluster.Directors, rs.Host) {
					c.realServer(cluster, rs)
				}
			}
		}
	}
	c.routes(d)
	c.links(d)
	c.addresses(d)
	c.settings(d)
	for _, h := range cfg.Hosts {
		c.boots(h)
	}
	return c.diags
}

// Notices are what hosts have to say that is no fault of the config: about their ledgers,
// and that they were rebooted.
func Notices(snapshots map[string]*resource.Snapshot) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(snapshots)) {
		snap := snapshots[name]
		for _, text := range snap.Notices {
			diags = diags.Append(&hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Ledger of host " + name, Detail: text})
		}
		if n := snap.Ledger.Lost.Len(); n > 0 {
			diags = diags.Append(&hcl.Diagnostic{
				Severity: hcl.DiagWarning,
				Summary:  "Host was rebooted",
				Detail: fmt.Sprintf("Host %s was rebooted since the last apply. The %d objects that lvsctl had there went with the reboot, "+
					"and the next apply sets up again what the config asks for.", name, n),
			})
		}
		if last := snap.Ledger.Last; last != nil {
			diags = append(diags, lastApply(name, last)...)
		}
	}
	return diags
}

// lastApply warns of an apply that did not end as it should have.
func lastApply(host string, last *resource.Last) hcl.Diagnostics {
	who := fmt.Sprintf("The apply of %s since %s (%s%s)", last.Apply.Who, last.Apply.Since.UTC().Format("2006-01-02 15:04:05 MST"), last.Apply.Command, last.Apply.Overriding())
	d := &hcl.Diagnostic{Severity: hcl.DiagWarning}
	switch {
	case last.Ending == resource.Reverted && last.Note != "":
		d.Summary = "Last apply was taken back"
		d.Detail = fmt.Sprintf("%s was taken back on host %s: %s.", who, host, last.Note)
	case last.Ending == resource.Kept && last.Apply.Reverts:
		d.Summary = "Apply was not taken back everywhere"
		d.Detail = fmt.Sprintf("%s failed. On host %s %s. \"lvsctl rollback\" goes on with that; apply goes on from there.", who, host, last.Note)
	case last.Ending == resource.Kept:
		d.Summary = "Last apply failed"
		d.Detail = fmt.Sprintf("%s failed, and what it did on host %s is left: %s. Apply goes on from there; \"lvsctl rollback\" goes back to before it.", who, host, last.Note)
	case last.Ending == resource.Rebooted:
		d.Summary = "Apply was not finished"
		d.Detail = fmt.Sprintf("%s was not finished when host %s was rebooted. \"lvsctl boot\" on that host takes it back there; apply goes on from there.", who, host)
	case last.Ending == "":
		d.Summary = "Apply was not finished"
		d.Detail = fmt.Sprintf("%s was not finished on host %s. Apply goes on from there; \"lvsctl rollback\" goes back to before it.", who, host)
	default:
		return nil
	}
	return hcl.Diagnostics{d}
}

// A checker gathers findings about hosts. Two clusters that need the same of a host
// find its lack once.
type checker struct {
	snapshots map[string]*resource.Snapshot
	seen      map[string]bool
	checked   map[role]*schema.Cluster // the last cluster for which a host was looked at in a mode
	missing   map[string]bool          // interfaces that were found missing, as "HOST LINK"
	diags     hcl.Diagnostics
}

// find adds a finding about a host.
func (c *checker) find(severity hcl.DiagnosticSeverity, at *hcl.Range, summary, format string, args ...any) {
	d := &hcl.Diagnostic{Severity: severity, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: at}
	if !c.seen[d.Error()] {
		c.seen[d.Error()] = true
		c.diags = c.diags.Append(d)
	}
}

// director finds what a director lacks.
func (c *checker) director(cluster *schema.Cluster, h *schema.Host) {
	snap, ok := c.snapshots[h.Name]
	if !ok {
		return
	}
	if !cluster.ServicesOnly {
		c.link(h, snap.Facts, cluster.VIPInterface(h), hcl.DiagWarning, "The director holds the VIP there, and nobody can reach it.")
	}
	if len(snap.Facts.Schedulers) == 0 {
		c.find(hcl.DiagError, h.Range.Ptr(), "Kernel without IPVS",
			"The kernel of director %s (%s) has no ip_vs module, neither built in nor below /lib/modules/%s. "+
				"Install the distribution's standard kernel, or the package with its extra modules, and try again.",
			h.Name, snap.Facts.Kernel, snap.Facts.Kernel)
		return
	}
	for _, svc := range cluster.Services {
		if !slices.Contains(snap.Facts.Schedulers, svc.Algorithm) {
			c.find(hcl.DiagError, svc.AlgorithmAt.Ptr(), "Algorithm not available",
				"Service %q uses the algorithm %q, which the kernel of director %s (%s) does not have. It has: %s.",
				svc.Name, svc.Algorithm, h.Name, snap.Facts.Kernel, strings.Join(snap.Facts.Schedulers, ", "))
		}
	}
}

// realServer finds what a managed real server lacks.
func (c *checker) realServer(cluster *schema.Cluster, rs *schema.RealServer) {
	h := rs.Host
	snap, ok := c.snapshots[h.Name]
	r := role{h, rs.Mode}
	if !ok || cluster.ServicesOnly || c.checked[r] == cluster {
		return
	}
	c.checked[r] = cluster
	const noRoute = "The kernel takes no route through an interface that is down."
	switch rs.Mode {
	case schema.DR:
		c.link(h, snap.Facts, "lo", hcl.DiagError, noRoute)
		c.answersForVIP(cluster, h, snap, "lo")
	case schema.NAT:
		c.link(h, snap.Facts, h.Interface, hcl.DiagError, noRoute)
	case schema.TUN:
		c.link(h, snap.Facts, h.Interface, hcl.DiagWarning, "No packet of the tunnel arrives.")
		c.answersForVIP(cluster, h, snap, receiverOf(cluster, rs).name)
	}
}

// answersForVIP finds a real server that has the VIP elsewhere than it should be, where
// ARP is answered for it. What is ours goes away by itself.
func (c *checker) answersForVIP(cluster *schema.Cluster, h *schema.Host, snap *resource.Snapshot, silent string) {
	for _, a := range snap.Facts.Addresses {
		_, ours := snap.Ledger.Claims.Find(a.Key())
		if slices.Contains(cluster.VIPs, a.Prefix.Addr()) && a.Link != "lo" && a.Link != silent && !ours {
			c.find(hcl.DiagError, h.Range.Ptr(), "Real server answers for the VIP",
				"Host %s has the VIP on %s, where it answers for it whatever its ARP settings are, and clients would reach it past the director. Remove it: ip addr del %s dev %s.",
				h.Name, a.Link, a.Prefix, a.Link)
		}
	}
}

// routes finds routes in the place of wanted ones that could not be put back.
func (c *checker) routes(d *Desired) {
	for _, s := range d.steps {
		snap, ok := c.snapshots[s.Host]
		if !ok {
			continue
		}
		for _, key := range s.keys {
			found, is := snap.Live.Get(key).(resource.Route)
			if w := d.wants[s.Host].Get(key); is && found.Beyond != "" {
				c.find(hcl.DiagError, lineOf(w.source), "A route is in the way",
					"Host %s has the route %s, and the config needs %s in its place. lvsctl could not put it back as it is. Remove it by hand first.",
					s.Host, found, w.state)
			}
		}
	}
}

// links finds interfaces of others in the place of wanted ones, which would go with all
// that is on them, and what is wanted on interfaces that go away.
func (c *checker) links(d *Desired) {
	for _, s := range d.steps {
		snap, ok := c.snapshots[s.Host]
		if !ok {
			continue
		}
		for _, key := range s.keys {
			w := d.wants[s.Host].Get(key)
			found, _ := snap.Live.Get(key).(resource.Link)
			if _, ours := snap.Ledger.Claims.Find(key); found.Name != "" && found != w.state && !ours {
				c.find(hcl.DiagError, lineOf(w.source), "An interface is in the way",
					"Host %s has the interface %s, and the config needs %s in its place. lvsctl did not make it, and could not put back what is on it. Give the new one another name, or remove the old one by hand first: ip link del %s.",
					s.Host, found, w.state, found.Name)
			}
			if link := under(w.state); d.leaves(s.Host, link, snap) {
				c.find(hcl.DiagError, lineOf(w.source), "Interface goes away",
					"The config needs %s on host %s, but no longer has the interface %s, which lvsctl made and would remove. Put its link block back, or remove what is on it too.",
					key, s.Host, link)
			}
		}
	}
}

// under is the interface that a resource cannot be without, empty for none.
func under(r resource.Resource) string {
	if l, ok := r.(resource.Link); ok {
		return l.Parent
	}
	return cmp.Or(linkOf(r), resource.LinkOfSetting(r.Key()))
}

// leaves tells whether an interface is one that we made and would delete.
func (d *Desired) leaves(host, link string, snap *resource.Snapshot) bool {
	key := resource.Link{Name: link}.Key()
	_, wanted := d.wants[host].Find(key)
	claim, ours := snap.Ledger.Claims.Find(key)
	return !wanted && ours && claim.Prior == nil && snap.Live.Get(key) != nil
}

// addresses finds IPv6 addresses of others that an interface cannot have with another
// prefix length beside.
func (c *checker) addresses(d *Desired) {
	for _, s := range d.steps {
		snap, ok := c.snapshots[s.Host]
		if !ok {
			continue
		}
		for _, key := range s.keys {
			w := d.wants[s.Host].Get(key)
			a, is := w.state.(resource.Address)
			if !is || w.loose || a.Prefix.Addr().Is4() {
				continue
			}
			for _, found := range snap.Facts.Addresses {
				_, ours := snap.Ledger.Claims.Find(found.Key())
				if !ours && found.Link == a.Link && found.Prefix.Addr() == a.Prefix.Addr() && found.Prefix != a.Prefix {
					c.find(hcl.DiagError, lineOf(w.source), "An address is in the way",
						"The config needs %s on host %s, and the interface has %s, which lvsctl did not set up. It cannot have an IPv6 address twice. Write that prefix length, or remove the address by hand first.",
						a.Prefix, s.Host, found.Prefix)
				}
			}
		}
	}
}

// settings finds settings that a host does not have and that nothing in the plan brings
// along.
func (c *checker) settings(d *Desired) {
	for _, s := range d.steps {
		snap, ok := c.snapshots[s.Host]
		if !ok {
			continue
		}
		for _, key := range s.keys {
			if !key.Kind.Setting() || snap.Live.Get(key) != nil {
				continue
			}
			w := d.wants[s.Host].Get(key)
			if u, is := w.state.(resource.Unit); is {
				c.unit(d, s.Host, u, lineOf(w.source))
				continue
			}
			link := resource.LinkOfSetting(key)
			switch comes := d.comes(s.Host, key, link, snap); {
			case comes, c.missing[s.Host+" "+link]:
			case link != "" && link != "all" && link != "default" && !slices.Contains(snap.Facts.Links, link):
				c.find(hcl.DiagError, lineOf(w.source), "No such network interface",
					"The config needs %s on host %s, which has no interface %q. It has: %s.", key, s.Host, link, strings.Join(snap.Facts.Links, ", "))
			default:
				c.find(hcl.DiagError, lineOf(w.source), "No such setting",
					"The config needs %s, which host %s does not have. Its kernel is %s; some settings came later, or belong to a part that is not in it.", key, s.Host, snap.Facts.Kernel)
			}
		}
	}
}

// unit finds a unit that a host does not have and that no file of the config makes.
func (c *checker) unit(d *Desired, host string, u resource.Unit, at *hcl.Range) {
	switch {
	case !c.snapshots[host].Facts.Systemd:
		if !u.WithoutSystemd() {
			c.find(hcl.DiagError, at, "Host without systemd",
				"The config needs the unit %s on host %s, where systemd does not run. lvsctl can do without it for the NFS server alone, which it starts and stops by itself.", u.Name, host)
		}
	case !d.makesUnit(host, u.Name):
		c.find(hcl.DiagError, at, "No such unit",
			"The config needs the unit %s on host %s, and systemd there has no file for it. Install the package that it comes with, write its file with a file block, or look for its name: systemctl list-unit-files.", u.Name, host)
	}
}

// unitDirectories are those of the directories that systemd finds units in to which
// somebody else than a package or a program writes.
var unitDirectories = []string{"/etc/systemd/system", "/usr/local/lib/systemd/system"}

// makesUnit tells whether a unit comes with a file of the config. Those of a template,
// such as "web@1.service", come with its file, "web@.service".
func (d *Desired) makesUnit(host, name string) bool {
	names := []string{name}
	if prefix, _, ok := strings.Cut(name, "@"); ok {
		names = append(names, prefix+"@"+path.Ext(name))
	}
	for _, dir := range unitDirectories {
		for _, n := range names {
			if _, wanted := d.wants[host].Find(resource.File{Path: path.Join(dir, n)}.Key()); wanted {
				return true
			}
		}
	}
	return false
}

// comes tells whether a setting that is missing will come with a module or an interface.
func (d *Desired) comes(host string, key resource.Key, link string, snap *resource.Snapshot) bool {
	switch {
	case key.Kind == resource.KindTimeout, strings.HasPrefix(key.Name, schema.IPVSSettings):
		return snap.Live.Get(resource.Module{Name: "ip_vs"}.Key()) == nil
	case link == "":
		return false
	}
	_, made := d.wants[host].Find(resource.Link{Name: link}.Key())
	return made || slices.Contains(receivers, link) && !slices.Contains(snap.Facts.Links, link)
}

// link finds an interface that is missing or down; why says what is wrong with the
// latter.
func (c *checker) link(h *schema.Host, facts resource.Facts, link string, down hcl.DiagnosticSeverity, why string) {
	switch {
	case !slices.Contains(facts.Links, link):
		c.missing[h.Name+" "+link] = true
		c.find(hcl.DiagError, h.Range.Ptr(), "No such network interface",
			"Host %s has no interface %q. It has: %s.", h.Name, link, strings.Join(facts.Links, ", "))
	case slices.Contains(facts.Down, link):
		c.find(down, h.Range.Ptr(), "Network interface is down",
			"The interface %q of host %s is down. %s Bring it up first: ip link set %s up.", link, h.Name, why, link)
	}
}

// checkForgotten finds hosts that others remember as part of a cluster and that the
// config no longer has: nobody will take down what was set up there.
func (d *Desired) checkForgotten(snapshots map[string]*resource.Snapshot) hcl.Diagnostics {
	forgotten := map[string]bool{}
	for _, snap := range snapshots {
		for _, edges := range snap.Ledger.Steps {
			for _, e := range edges {
				if _, known := slices.BinarySearch(d.Hosts, e.Step.Host); !known {
					forgotten[e.Step.Host] = true
				}
			}
		}
	}
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(forgotten)) {
		diags = diags.Append(&hcl.Diagnostic{
			Severity: hcl.DiagWarning,
			Summary:  "Host no longer in the configuration",
			Detail: fmt.Sprintf("The host %q was part of a cluster and is not in the configuration any more. What lvsctl set up there stays. "+
				"To take it down, put the host block back without its use in clusters, apply, and then remove it. If it has another name now, the next apply takes note of that.", name),
		})
	}
	return diags
}
