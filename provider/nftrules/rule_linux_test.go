package nftrules

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

func pick[T any](rng *rand.Rand, items ...T) T { return items[rng.IntN(len(items))] }

// randomAddrOf draws from few addresses, so that values meet again.
func randomAddrOf(rng *rand.Rand, f resource.Family) netip.Addr {
	if f == resource.IPv4 {
		return addr(pick(rng, "192.0.2.1", "192.0.2.2", "192.0.128.7", "10.255.255.254"))
	}
	return addr(pick(rng, "2001:db8::1", "2001:db8::2", "2001:db8:8000::7", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"))
}

// randomRule is any mark, source NAT or MSS that there can be.
func randomRule(rng *rand.Rand) resource.Resource {
	f := pick(rng, resource.IPv4, resource.IPv6)
	a := randomAddrOf(rng, f)
	switch rng.IntN(4) {
	case 0:
		return resource.MSS{From: a, Size: pick[uint16](rng, 1, 536, 1440, 65535)}
	case 1:
		n := resource.SourceNAT{Service: resource.MarkService(f, pick[uint32](rng, 1, 7, 1<<32-1)), First: randomAddrOf(rng, f)}
		if rng.IntN(2) == 0 {
			n.Service = resource.AddrService(pick(rng, resource.TCP, resource.UDP, resource.SCTP), a, pick[uint16](rng, 0, 1, 80, 65535))
		}
		n.Last = pick(rng, n.First, n.First.Next())
		return n
	}
	return randomMark(rng, a)
}

func randomMark(rng *rand.Rand, a netip.Addr) resource.Mark {
	bits := pick(rng, a.BitLen(), a.BitLen(), rng.IntN(a.BitLen()+1))
	m := resource.Mark{To: netip.PrefixFrom(a, bits).Masked(), Mark: pick[uint32](rng, 1, 7, 1<<32-1)}
	if rng.IntN(4) == 0 {
		return m
	}
	m.Protocol = pick(rng, resource.TCP, resource.UDP, resource.SCTP)
	if rng.IntN(4) != 0 {
		m.First = pick[uint16](rng, 1, 80, 443)
		m.Last = pick(rng, m.First, m.First, m.First+1, 500, 65535)
	}
	return m
}

func randomRules(rng *rand.Rand, n int) resource.Set {
	set := resource.NewSet()
	for range n {
		set.Add(randomRule(rng))
	}
	return set
}

// What is written as a rule is read back as it was, and by no other kind or family.
func TestRuleRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	families := []resource.Family{resource.IPv4, resource.IPv6}
	kinds := []resource.Kind{resource.KindMark, resource.KindSourceNAT, resource.KindMSS}
	for range 1000 {
		r := randomRule(rng)
		if err := checkRule(r); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		rule := encodeRule(r)
		for _, kind := range kinds {
			for _, family := range families {
				var want resource.Resource
				if kind == r.Key().Kind && family == ruleFamily(r.Key()) {
					want = r
				}
				if got := decodeRule(kind, family, rule.Exprs); got != want && !plainMark(r, kind) {
					t.Fatalf("%s is read as %v of kind %s", r, got, kind)
				}
			}
		}
	}
}

// plainMark tells rules that look alike in both families: they mark all packets.
func plainMark(r resource.Resource, kind resource.Kind) bool {
	m, ok := r.(resource.Mark)
	return ok && kind == resource.KindMark && m.To.Bits() == 0
}

// A rule that differs from one of ours in anything is not ours, or is another one.
func TestRuleStrict(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		r := randomRule(rng)
		kind, family := r.Key().Kind, ruleFamily(r.Key())
		exprs := encodeRule(r).Exprs
		i := rng.IntN(len(exprs))
		less := slices.Delete(slices.Clone(exprs), i, i+1)
		more := slices.Insert(slices.Clone(exprs), i, nft.Expr(&expr.Meta{Key: expr.MetaKeyIIF, Register: register}))
		twice := slices.Insert(slices.Clone(exprs), i, exprs[i])
		verdict := slices.Concat(exprs, []nft.Expr{&expr.Verdict{Kind: expr.VerdictAccept}})
		changed := slices.Clone(exprs)
		changed[i] = changedExpr(rng, exprs[i])
		for _, other := range [][]nft.Expr{less, more, twice, verdict, changed, nil} {
			if decodeRule(kind, family, other) == r {
				t.Fatalf("%s is read from other expressions, of which number %d was %#v and is %#v", r, i, exprs[i], changed[i])
			}
		}
	}
}

// changedExpr is an expression that differs in one field.
func changedExpr(rng *rand.Rand, e nft.Expr) nft.Expr {
	v := reflect.New(reflect.TypeOf(e).Elem()).Elem()
	v.Set(reflect.ValueOf(e).Elem())
	switch f := v.Field(rng.IntN(v.NumField())); f.Kind() {
	case reflect.Bool:
		f.SetBool(!f.Bool())
	case reflect.Slice:
		data := bytes.Clone(f.Bytes())
		data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
		f.SetBytes(data)
	default:
		f.SetUint(f.Uint() ^ 1<<rng.IntN(8))
	}
	return v.Addr().Interface()
}

// Versions of nft(8) write some things differently.
func TestRuleForms(t *testing.T) {
	mark := resource.Mark{To: prefix("192.0.2.0/24"), Protocol: resource.TCP, First: 80, Last: 89, Mark: 7}
	nat := resource.SourceNAT{Service: resource.AddrService(resource.TCP, addr("192.0.2.1"), 0), First: addr("10.0.0.1"), Last: addr("10.0.0.1")}
	nat6 := resource.SourceNAT{Service: resource.AddrService(resource.TCP, addr("2001:db8::1"), 0), First: addr("fd00::1"), Last: addr("fd00::1")}
	set := []nft.Expr{immediate(register, encodeMark(mark)[7].(*expr.Immediate).Data), setMark}
	tests := []struct {
		name  string
		want  resource.Resource
		exprs []nft.Expr
	}{
		{"ports as a range", mark, append([]nft.Expr{
			loadAddress(16, 3), equal([]byte{192, 0, 2}), loadProtocol, equal([]byte{6}),
			loadPort, &expr.Range{Op: expr.CmpOpEq, Register: register, FromData: port(80), ToData: port(89)},
		}, set...)},
		{"prefix with a mask", mark, append([]nft.Expr{
			loadAddress(16, 4), mask([]byte{255, 255, 255, 0}), equal([]byte{192, 0, 2, 0}), loadProtocol, equal([]byte{6}),
			loadPort, compare(expr.CmpOpGte, port(80)), compare(expr.CmpOpLte, port(89)),
		}, set...)},
		{"address of the connection by family", nat, replaceOpenedTo(nat, unix.NFT_CT_DST_IP)},
		{"the same of IPv6", nat6, replaceOpenedTo(nat6, unix.NFT_CT_DST_IP6)},
	}
	for _, test := range tests {
		if got := decodeRule(test.want.Key().Kind, ruleFamily(test.want.Key()), test.exprs); got != test.want {
			t.Errorf("%s: read as %v", test.name, got)
		}
	}
	// Port 0 is not the same as every port.
	exprs := slices.Insert(encodeSourceNAT(nat), 6, nft.Expr(loadOpenedPort), nft.Expr(equal(port(0))))
	if got := decodeRule(resource.KindSourceNAT, resource.IPv4, exprs); got != nil {
		t.Errorf("for port 0: read as %v", got)
	}
}

// replaceOpenedTo is a rule that asks for the connection's address by another key.
func replaceOpenedTo(n resource.SourceNAT, key expr.CtKey) []nft.Expr {
	exprs := encodeSourceNAT(n)
	for i, e := range exprs {
		if e == nft.Expr(loadOpenedTo) {
			exprs[i] = &nft.Ct{Key: key, Register: register, Original: true}
		}
	}
	return exprs
}

func TestCheckRule(t *testing.T) {
	vip, vip6 := addr("192.0.2.1"), addr("2001:db8::1")
	mapped := addr("::ffff:192.0.2.1")
	web := resource.AddrService(resource.TCP, vip, 80)
	tests := []struct {
		name string
		rule resource.Resource
	}{
		{"mark without a prefix", resource.Mark{Mark: 1}},
		{"mark for a prefix with more than its bits", resource.Mark{To: netip.PrefixFrom(vip, 24), Mark: 1}},
		{"mark for a mapped address", resource.Mark{To: netip.PrefixFrom(mapped, 128), Mark: 1}},
		{"mark with ports and no protocol", resource.Mark{To: prefix("192.0.2.1/32"), First: 80, Last: 80, Mark: 1}},
		{"mark with ports the wrong way round", resource.Mark{To: prefix("192.0.2.1/32"), Protocol: resource.TCP, First: 81, Last: 80, Mark: 1}},
		{"source NAT without an address", resource.SourceNAT{Service: web}},
		{"source NAT to another family", resource.SourceNAT{Service: web, First: vip6, Last: vip6}},
		{"source NAT to two families", resource.SourceNAT{Service: web, First: vip, Last: vip6}},
		{"source NAT to addresses the wrong way round", resource.SourceNAT{Service: web, First: addr("10.0.0.2"), Last: addr("10.0.0.1")}},
		{"source NAT for no service", resource.SourceNAT{Service: resource.MarkService(resource.IPv4, 0), First: vip, Last: vip}},
		{"source NAT for no protocol", resource.SourceNAT{Service: resource.AddrService(0, vip, 80), First: vip, Last: vip}},
		{"MSS of nothing", resource.MSS{Size: 1400}},
		{"MSS of an address on one link", resource.MSS{From: addr("fe80::1%eth0"), Size: 1400}},
		{"something else", resource.Sysctl{Name: "net.ipv4.ip_forward"}},
		{"nothing", nil},
	}
	for _, test := range tests {
		if checkRule(test.rule) == nil {
			t.Errorf("%s is taken for possible", test.name)
		}
	}
}

// A marks' rule that does not fit is overtaken by one that fits better: whenever the
// packets of one are part of those of another, it comes later.
func TestMarkPrecedence(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var parts int
	for range 20000 {
		f := pick(rng, resource.IPv4, resource.IPv6)
		a, b := randomMark(rng, randomAddrOf(rng, f)), randomMark(rng, randomAddrOf(rng, f))
		if a.Key() == b.Key() || !within(a, b) {
			continue
		}
		parts++
		if precedence(a, b) <= 0 || precedence(b, a) >= 0 {
			t.Fatalf("%s is part of %s, but does not come later", a, b)
		}
	}
	if parts < 500 {
		t.Errorf("only %d pairs to look at", parts)
	}
}

// within tells whether the packets of a are all among those of b.
func within(a, b resource.Mark) bool {
	ports := func(m resource.Mark) (first, last int) {
		if m.Last == 0 {
			return 0, 65535
		}
		return int(m.First), int(m.Last)
	}
	af, al := ports(a)
	bf, bl := ports(b)
	return b.To.Contains(a.To.Addr()) && a.To.Bits() >= b.To.Bits() && (b.Protocol == 0 || b.Protocol == a.Protocol) && af >= bf && al <= bl
}

func TestPrecedence(t *testing.T) {
	mark := func(to string, p resource.Protocol, first, last uint16) resource.Resource {
		return resource.Mark{To: prefix(to), Protocol: p, First: first, Last: last, Mark: 1}
	}
	nat := func(k resource.ServiceKey) resource.Resource { return resource.SourceNAT{Service: k} }
	vip := addr("192.0.2.1")
	lists := [][]resource.Resource{
		{
			mark("0.0.0.0/0", 0, 0, 0), mark("0.0.0.0/0", resource.TCP, 80, 80), mark("192.0.2.0/24", 0, 0, 0),
			mark("192.0.2.1/32", 0, 0, 0), mark("192.0.2.1/32", resource.TCP, 0, 0), mark("192.0.2.1/32", resource.TCP, 1, 1000),
			mark("192.0.2.1/32", resource.TCP, 80, 89), mark("192.0.2.1/32", resource.TCP, 85, 94), mark("192.0.2.1/32", resource.TCP, 88, 88),
		},
		{nat(resource.MarkService(resource.IPv4, 7)), nat(resource.AddrService(resource.TCP, vip, 80)), nat(resource.AddrService(resource.TCP, vip, 0))},
	}
	for _, list := range lists {
		for i, a := range list {
			for j, b := range list {
				if got := precedence(a, b); got != bytes.Compare([]byte{byte(i)}, []byte{byte(j)}) {
					t.Errorf("%s, %s: %d", a, b, got)
				}
			}
		}
	}
}
