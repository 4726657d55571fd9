package view

import (
	"fmt"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A HostState is a host as show prints it.
type HostState struct {
	Name string
	*resource.Snapshot
}

// Show prints what lvsctl keeps on each host, as it is now.
func (p *Printer) Show(hosts []HostState) {
	for _, h := range hosts {
		p.Printf("%s  %s\n", p.paint(bold, h.Name), p.paint(dim, fmt.Sprintf("Linux %s, %s of lvsctl's", Clean(h.Facts.Kernel), count(h.Ledger.Claims.Len(), "object"))))
		if last := h.Ledger.Last; last != nil {
			p.Printf("  %s\n", p.paint(dim, Clean(lastApply(last.Apply))))
		}
		kind := resource.Kind(0)
		for _, claim := range h.Ledger.Sorted() {
			key := claim.Want.Key()
			if key.Kind != kind {
				kind = key.Kind
				p.Printf("  %s\n", kind)
			}
			p.owned(claim, h.Live.Get(key), h.Connections[key])
		}
		p.Printf("\n")
	}
}

// lastApply says who made an apply, when and how.
func lastApply(a resource.Apply) string {
	return fmt.Sprintf("last apply by %s at %s: %s%s", a.Who, moment(a.Since), a.Command, a.Overriding())
}

// owned prints one object of ours with what is to be known of it now.
func (p *Printer) owned(claim resource.Claim, live resource.Resource, conns resource.Connections) {
	note := ""
	switch {
	case live == nil:
		note = p.paint(red, "gone")
	case live != claim.Want:
		note = p.paint(yellow, Clean("drifted"+differences(claim.Want, live)))
	case claim.Want.Key().Kind == resource.KindDestination:
		note = p.paint(dim, fmt.Sprintf("%d active, %d inactive", conns.Active, conns.Inactive))
	}
	p.Printf("%s\n", strings.TrimRight("    "+Clean(claim.Want.String())+"  "+note, " "))
}
