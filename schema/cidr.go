package schema

import (
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// The functions that calculate with networks. A network is written as address and
// prefix length, and bits of the address that belong to hosts do not count.

var prefixParam = function.Parameter{Name: "prefix", Type: cty.String}

// cidrHostFunc is a host of a network by its number, or from the end by a negative one.
var cidrHostFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParam, {Name: "hostnum", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := prefixArg(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		n, err := wholeArg(args, 1)
		if err != nil {
			return cty.NilVal, err
		}
		bits := network.Addr().BitLen() - network.Bits()
		size := new(big.Int).Lsh(big.NewInt(1), uint(bits))
		host := n
		if n.Sign() < 0 {
			host = new(big.Int).Add(n, size)
		}
		if host.Sign() < 0 || host.Cmp(size) >= 0 {
			return cty.NilVal, function.NewArgErrorf(1, "%s has %s addresses, so there is no number %s", network, size, n)
		}
		return cty.StringVal(offset(network.Addr(), host).String()), nil
	},
})

// cidrNetmaskFunc is the netmask of an IPv4 network, as in "255.255.255.0".
var cidrNetmaskFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParam},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := prefixArg(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		if !network.Addr().Is4() {
			return cty.NilVal, function.NewArgErrorf(0, "IPv6 networks have no netmask, only a prefix length")
		}
		mask, err := broadcast.Prefix(network.Bits())
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		return cty.StringVal(mask.Addr().String()), nil
	},
})

// cidrSubnetFunc is a part of a network by its number.
var cidrSubnetFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParam, {Name: "newbits", Type: cty.Number}, {Name: "netnum", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := prefixArg(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		length, err := lengthArg(network, args, 1, 0)
		if err != nil {
			return cty.NilVal, err
		}
		n, err := wholeArg(args, 2)
		if err != nil {
			return cty.NilVal, err
		}
		if n.Sign() < 0 || n.BitLen() > length-network.Bits() {
			return cty.NilVal, function.NewArgErrorf(2, "%s has 2^%d parts with the prefix length %d, so there is no number %s", network, length-network.Bits(), length, n)
		}
		base := offset(network.Addr(), n.Lsh(n, uint(network.Addr().BitLen()-length)))
		return cty.StringVal(netip.PrefixFrom(base, length).String()), nil
	},
})

// cidrSubnetsFunc divides a network into parts one after the other.
var cidrSubnetsFunc = function.New(&function.Spec{
	Params:   []function.Parameter{prefixParam},
	VarParam: &function.Parameter{Name: "newbits", Type: cty.Number},
	Type:     function.StaticReturnType(cty.List(cty.String)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := prefixArg(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		if len(args) == 1 {
			return cty.ListValEmpty(cty.String), nil
		}
		parts := make([]cty.Value, 0, len(args)-1)
		free := new(big.Int) // from here on, counted from the beginning of the network
		end := new(big.Int).Lsh(big.NewInt(1), uint(network.Addr().BitLen()-network.Bits()))
		for i := 1; i < len(args); i++ {
			length, err := lengthArg(network, args, i, 1)
			if err != nil {
				return cty.NilVal, err
			}
			size := new(big.Int).Lsh(big.NewInt(1), uint(network.Addr().BitLen()-length))
			roundUp(free, size)
			if free.Cmp(end) >= 0 {
				return cty.NilVal, function.NewArgErrorf(i, "nothing of %s is left for a part with the prefix length %d", network, length)
			}
			parts = append(parts, cty.StringVal(netip.PrefixFrom(offset(network.Addr(), free), length).String()))
			free.Add(free, size)
		}
		return cty.ListVal(parts), nil
	},
})

// cidrContainsFunc tells whether an address or a network is within a network.
var cidrContainsFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParam, {Name: "address_or_prefix", Type: cty.String}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := prefixArg(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		inner, err := addrOrPrefix(args[1].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(1, "%q is neither an IP address nor a network such as 10.0.0.0/24", args[1].AsString())
		}
		if inner.Addr().BitLen() != network.Addr().BitLen() {
			return cty.NilVal, function.NewArgErrorf(1, "%s and %s are not of the same family", network, args[1].AsString())
		}
		return cty.BoolVal(network.Bits() <= inner.Bits() && network.Contains(inner.Addr())), nil
	},
})

// addrOrPrefix reads a network, or an address as a network of one.
func addrOrPrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return addr.Prefix(addr.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// prefixArg is the first argument, which is a network.
func prefixArg(v cty.Value) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(v.AsString())
	if err != nil {
		return netip.Prefix{}, function.NewArgErrorf(0, "%q is not a network such as 10.0.0.0/24 or fd00::/64", v.AsString())
	}
	return p.Masked(), nil
}

// lengthArg is the prefix length of a network that an argument makes longer by some
// bits, at least by least.
func lengthArg(network netip.Prefix, args []cty.Value, i, least int) (int, error) {
	n, err := wholeArg(args, i)
	if err != nil {
		return 0, err
	}
	room := network.Addr().BitLen() - network.Bits()
	if n.Cmp(big.NewInt(int64(least))) < 0 || n.Cmp(big.NewInt(int64(room))) > 0 {
		return 0, function.NewArgErrorf(i, "the prefix of %s can get from %d to %d bits longer, and not %s", network, least, room, n)
	}
	return network.Bits() + int(n.Int64()), nil
}

// wholeArg is an argument that is a whole number of the size of an address.
func wholeArg(args []cty.Value, i int) (*big.Int, error) {
	f := args[i].AsBigFloat()
	if !f.IsInt() || f.MantExp(nil) > 129 {
		return nil, function.NewArgErrorf(i, "%s is not a whole number of at most 128 bits", showNumber(args[i]))
	}
	n, _ := f.Int(nil)
	return n, nil
}

// offset is the address some numbers after another one.
func offset(a netip.Addr, by *big.Int) netip.Addr {
	n := new(big.Int).SetBytes(a.AsSlice())
	sum := n.Add(n, by).FillBytes(make([]byte, a.BitLen()/8))
	addr, _ := netip.AddrFromSlice(sum) // which has the length of an address
	return addr
}

// roundUp raises a number to a multiple of a power of two.
func roundUp(n, size *big.Int) {
	mask := new(big.Int).Sub(size, big.NewInt(1))
	n.Add(n, mask).AndNot(n, mask)
}
