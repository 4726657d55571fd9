package adopt

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// ErrTouches says that the host cannot be described so that a plan changes nothing there.
var ErrTouches = errors.New("a plan with this configuration would change the host")

// A home is an address that can be the host's own, and its interface.
type home struct {
	addr netip.Addr
	link string
}

// homes lists what can be the host's own address, one for each interface. Those alone in
// their prefix are likely VIPs, and so are those with services; most hosts are known by an
// IPv4 address on an interface that nobody made.
func homes(snap *resource.Snapshot) []home {
	virtual := map[netip.Addr]bool{}
	for _, r := range snap.Live.All() {
		if s, ok := r.(resource.Service); ok {
			virtual[s.Addr] = true
		}
	}
	rank := func(a resource.Address) (n int) {
		addr := a.Prefix.Addr()
		link, _ := snap.Live.Get(resource.Link{Name: a.Link}.Key()).(resource.Link)
		for i, unlikely := range []bool{addr.Is6(), slices.Contains(makeable, link.Type), a.Prefix.IsSingleIP(), virtual[addr], addr.IsLinkLocalUnicast(), addr.IsLoopback()} {
			if unlikely {
				n += 1 << i
			}
		}
		return n
	}
	list := slices.Clone(snap.Facts.Addresses)
	slices.SortStableFunc(list, func(a, b resource.Address) int { return rank(a) - rank(b) })
	var out []home
	for _, a := range list {
		other := slices.ContainsFunc(out, func(h home) bool { return h.link == a.Link })
		if !other && (a.Link != "lo" || len(out) == 0) {
			out = append(out, home{a.Prefix.Addr(), a.Link})
		}
	}
	if len(out) == 0 {
		out = []home{{netip.AddrFrom4([4]byte{127, 0, 0, 1}), "lo"}}
	}
	return out
}

// choose finds the own address with which most clusters can be written with their mode,
// and how each is written then.
func (d *draft) choose(snap *resource.Snapshot) (at home, clusters []*cluster) {
	most := -1
	for _, h := range d.homes {
		list, whole := d.chooseAt(h, snap)
		if whole > most {
			at, clusters, most = h, list, whole
		}
	}
	return at, clusters
}

// chooseAt takes the first way of each cluster that changes nothing, and counts those that
// are more than services alone.
func (d *draft) chooseAt(at home, snap *resource.Snapshot) (list []*cluster, whole int) {
	for _, ways := range d.clusters {
		i := slices.IndexFunc(ways, func(c *cluster) bool { return c.servicesOnly || d.fits(at, c, snap) })
		if !ways[i].servicesOnly {
			whole++
		}
		list = append(list, ways[i])
	}
	return list, whole
}

// fits tells whether the host has all that a cluster asks for.
func (d *draft) fits(at home, c *cluster, snap *resource.Snapshot) bool {
	want := d.wants(at, c)
	if want == nil {
		return false
	}
	part := &resource.Snapshot{Facts: snap.Facts, Live: resource.NewSet()}
	for _, k := range slices.Concat(want.Keys(d.subject.Name), want.Destinations(d.subject.Name)) {
		if r := snap.Live.Get(k); r != nil {
			part.Live.Put(k, r)
		}
	}
	return !planner.Make(want, map[string]*resource.Snapshot{d.subject.Name: part}).Touches()
}

// An attempt is one way to write a cluster.
type attempt struct {
	at home
	*cluster
}

// wants is what a cluster asks for by itself, nil where the language refuses it. Of its
// real servers one of a sort is enough: the others are there as they are.
func (d *draft) wants(at home, c *cluster) *planner.Desired {
	try := attempt{at, c}
	want, known := d.known[try]
	if !known {
		want = d.load(draftFile(d.subject, &host{home: at}, []*cluster{c.sample()}, nil).Bytes())
		d.known[try] = want
	}
	return want
}

// load is what a config asks for, nil where there is a mistake in it.
func (d *draft) load(text []byte) *planner.Desired {
	cfg, _, diags := schema.Parse(map[string][]byte{"adopt.hcl": text}, nil)
	if diags.HasErrors() {
		return nil
	}
	want, diags := planner.Want(cfg)
	if diags.HasErrors() {
		return nil
	}
	return want
}

// sample is the cluster with one real server of each sort behind each service.
func (c *cluster) sample() *cluster {
	out := *c
	out.services = make([]*service, len(c.services))
	for i, s := range c.services {
		few := *s
		few.servers = nil
		for _, d := range s.servers {
			alike := func(o resource.Destination) bool {
				return o.Forward == d.Forward && (o.Port == s.Port) == (d.Port == s.Port) && o.Addr.Is4() == d.Addr.Is4()
			}
			if !slices.ContainsFunc(few.servers, alike) {
				few.servers = append(few.servers, d)
			}
		}
		out.services[i] = &few
	}
	return &out
}

// wanted lists the objects that a config wants on a host: what a plan makes where nothing
// is.
func wanted(d *planner.Desired, host string) []resource.Key {
	var keys []resource.Key
	for _, step := range planner.Make(d, map[string]*resource.Snapshot{host: {}}).Steps {
		for _, c := range step.Changes {
			keys = append(keys, c.Key())
		}
	}
	return keys
}

// firstChange names what a plan would change on the host first.
func firstChange(plan *planner.Plan) string {
	for _, step := range plan.Steps {
		for _, c := range step.Changes {
			if c.Action.TouchesHost() {
				return fmt.Sprintf("%s %s (%v → %v, %s)", c.Action, c.Key(), c.Before, c.After, c.Reason)
			}
		}
	}
	return "nothing"
}
