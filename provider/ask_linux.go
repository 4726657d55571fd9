package provider

import (
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/lvsctl/lvsctl/provider/neighbour"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Ask asks the other machines on the segments of interfaces who has addresses, all at
// once, in less than half a second. What is heard is in the order of the addresses. Where
// nobody can be asked, as on lo, nobody answers.
func (m *Machine) Ask(list []resource.Address) []resource.Neighbour {
	heard := make([]resource.Neighbour, len(list))
	type segment struct {
		link string
		v6   bool
	}
	on := map[segment][]int{} // places in the list
	for i, a := range list {
		if m.announcer.heard(a) {
			s := segment{a.Link, a.Prefix.Addr().Is6()}
			on[s] = append(on[s], i)
		}
	}
	var wg sync.WaitGroup
	for s, places := range on {
		addrs := make([]netip.Addr, len(places))
		for n, i := range places {
			addrs[n] = list[i].Prefix.Addr()
		}
		tell := func(found map[netip.Addr]net.HardwareAddr, err error) {
			for n, i := range places {
				switch hw, ok := found[addrs[n]]; {
				case ok:
					heard[i].Hardware = hw.String()
				case err != nil:
					heard[i].Failure = err.Error()
				}
			}
		}
		q, err := m.questioner(s.link, addrs) // in this thread, which may be in another network namespace than others
		if err != nil {
			tell(nil, err)
			continue
		}
		wg.Go(func() { tell(q.Ask()) })
	}
	wg.Wait()
	return heard
}

func (m *Machine) questioner(name string, addrs []netip.Addr) (*neighbour.Questioner, error) {
	link, err := m.nl.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	return neighbour.NewQuestioner(netInterface(link), addrs)
}
