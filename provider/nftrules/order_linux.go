package nftrules

import (
	"cmp"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// precedence orders the rules of a chain. Of source NAT the first rule that fits decides,
// of marks the last one; so the former has the most specific one first, as IPVS chooses a
// service, and the latter last.
//
// The more specific of two marks is the one with the longer prefix; of those with the same
// prefix the one with a protocol, and then with fewer ports.
func precedence(a, b resource.Resource) int {
	switch a := a.(type) {
	case resource.Mark:
		b := b.(resource.Mark)
		return cmp.Or(
			cmp.Compare(a.To.Bits(), b.To.Bits()),
			cmp.Compare(min(a.Protocol, 1), min(b.Protocol, 1)),
			cmp.Compare(portCount(b), portCount(a)),
			a.Key().Compare(b.Key()),
		)
	case resource.SourceNAT:
		b := b.(resource.SourceNAT)
		return cmp.Or(cmp.Compare(serviceRank(a.Service), serviceRank(b.Service)), a.Service.Compare(b.Service))
	}
	return 0 // any order will do
}

func portCount(m resource.Mark) int {
	if m.Last == 0 {
		return 1 << 16
	}
	return int(m.Last) - int(m.First) + 1
}

// serviceRank is in which turn IPVS looks for a service.
func serviceRank(k resource.ServiceKey) int {
	switch {
	case !k.Addr.IsValid():
		return 0
	case k.Port != 0:
		return 1
	}
	return 2
}
