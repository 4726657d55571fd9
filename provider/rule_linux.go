package provider

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// ruleDriver reads and changes the rules that send packets to routing tables.
//
// The messages are its own. The library's list passes over what rules do and over
// attributes that it does not know: it would show rules as looking up a table that do
// not. And it can add no rule twice, which moving one takes.
type ruleDriver struct{}

// read has of several rules that differ in the table alone the first one: that is the
// one whose table packets see first.
func (ruleDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	wanted := newKeySet(keys)
	families := map[resource.Family]bool{}
	for _, k := range keys {
		families[k.Service.Family] = true
	}
	if every := resource.All(resource.KindRule); wanted[every] {
		families = map[resource.Family]bool{resource.IPv4: true, resource.IPv6: true}
	}
	for family := range families {
		rules, err := listRules(family)
		if err != nil {
			return err
		}
		for _, rule := range rules {
			if rule.beyond {
				continue
			}
			for i, r := range spellings(rule.Rule) {
				asked := wanted[r.Key()] || i == 0 && wanted.has(r.Key())
				if _, taken := snap.Live.Find(r.Key()); asked && !taken {
					snap.Live.Add(r)
				}
			}
		}
	}
	return nil
}

// canonical is a rule as the kernel has it: a prefix that holds all addresses is no
// prefix, and a mark without a mask means all bits.
func canonical(r resource.Rule) resource.Rule {
	if r.From.Bits() == 0 {
		r.From = netip.Prefix{}
	}
	if r.To.Bits() == 0 {
		r.To = netip.Prefix{}
	}
	if r.Mark != 0 && r.Mask == 0 {
		r.Mask = 1<<32 - 1
	}
	return r
}

// spellings are the ways to write a canonical rule, of which somebody may have asked for
// any.
func spellings(r resource.Rule) []resource.Rule {
	all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if r.Family == resource.IPv6 {
		all = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	list := []resource.Rule{r}
	again := func(change func(*resource.Rule)) {
		for _, r := range list {
			change(&r)
			list = append(list, r)
		}
	}
	if !r.From.IsValid() {
		again(func(r *resource.Rule) { r.From = all })
	}
	if !r.To.IsValid() {
		again(func(r *resource.Rule) { r.To = all })
	}
	if r.Mark != 0 && r.Mask == 1<<32-1 {
		again(func(r *resource.Rule) { r.Mask = 0 })
	}
	return list
}

// apply makes the new rule before it deletes the old one: packets always have one.
func (d ruleDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		before, replacing := c.Before.(resource.Rule)
		after, making := c.After.(resource.Rule)
		if replacing && making && canonical(before) == canonical(after) {
			return nil
		}
		if making {
			err := d.add(after)
			// Where we were interrupted between the two, the new rule is there already.
			if err != nil && (!replacing || !errors.Is(err, errRuleExists)) {
				return err
			}
		}
		if replacing {
			return d.remove(before)
		}
		return nil
	})
}

// errRuleExists says that a rule is there already, with its table.
var errRuleExists = fmt.Errorf("it is there already: %w", unix.EEXIST)

func (ruleDriver) add(r resource.Rule) error {
	if err := checkRule(r); err != nil {
		return err
	}
	// The kernel would take a rule of another origin for another rule.
	rules, err := listRules(r.Family)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(rules, func(k kernelRule) bool { return k.is(r) }) {
		return errRuleExists
	}
	err = newRule(kernelRule{Rule: canonical(r), origin: unix.RTPROT_STATIC}, unix.NLM_F_EXCL)
	if errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("a rule for fewer packets has the same priority and table: %w", err)
	}
	return err
}

// checkRule finds what the kernel would take for something else, or refuse without saying
// why.
func checkRule(r resource.Rule) error {
	if r.Table == 0 {
		return errors.New("a rule needs a table")
	}
	if r.SourcePort == 1<<16-1 { // fib_rule_port_range_valid in include/net/fib_rules.h
		return errors.New("the kernel has no rules for port 65535")
	}
	for _, p := range []netip.Prefix{r.From, r.To} {
		if p.IsValid() && (resource.FamilyOf(p.Addr()) != r.Family || p.Addr().Is4In6()) {
			return fmt.Errorf("prefix %s is not of the rule's family", p)
		}
	}
	return nil
}

// remove deletes a rule. One that is gone already is fine.
//
// The kernel deletes the first rule that has all that it is told, and takes what it is
// not told for anything. Rules for fewer packets that stand before this one are therefore
// moved behind it.
func (ruleDriver) remove(r resource.Rule) error {
	rules, err := listRules(r.Family)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(rules, func(k kernelRule) bool { return k.is(r) })
	if at < 0 {
		return nil
	}
	for _, k := range rules[:at] {
		if !rules[at].covers(k) {
			continue
		}
		if k.beyond || !sameTable(rules, k) {
			return fmt.Errorf("the kernel would delete another rule for it: %s", k)
		}
		if err := moveBack(k); err != nil {
			return fmt.Errorf("move %s out of the way: %w", k, err)
		}
	}
	return deleteRule(rules[at])
}

// sameTable tells whether all rules of a priority look up one table, so that their order
// makes no difference.
func sameTable(rules []kernelRule, like kernelRule) bool {
	return !slices.ContainsFunc(rules, func(k kernelRule) bool {
		return k.Priority == like.Priority && (k.Table != like.Table || k.action != like.action)
	})
}

// moveBack moves the first rule of its kind behind all others of its priority. Packets
// have one all the time.
func moveBack(k kernelRule) error {
	if err := newRule(k, 0); err != nil {
		return err
	}
	return deleteRule(k)
}

// newRule adds a rule behind all others of its priority. With the flag NLM_F_EXCL it must
// not be there already.
func newRule(k kernelRule, flag int) error {
	_, err := ruleRequest(unix.RTM_NEWRULE, unix.NLM_F_CREATE|flag, k).Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// deleteRule deletes the first rule that the kernel takes for this one.
func deleteRule(k kernelRule) error {
	_, err := ruleRequest(unix.RTM_DELRULE, 0, k).Execute(unix.NETLINK_ROUTE, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// ruleRequest is a message about a rule that looks up a table.
func ruleRequest(kind, flags int, k kernelRule) *nl.NetlinkRequest {
	header := &nl.RtMsg{RtMsg: unix.RtMsg{Family: uint8(k.Family), Type: nl.FR_ACT_TO_TBL}}
	attrs := []nl.NetlinkRequestData{
		header,
		nl.NewRtAttr(nl.FRA_PRIORITY, nl.Uint32Attr(k.Priority)),
		nl.NewRtAttr(nl.FRA_TABLE, nl.Uint32Attr(k.Table)),
		nl.NewRtAttr(nl.FRA_PROTOCOL, nl.Uint8Attr(k.origin)),
	}
	add := func(attr int, value []byte) { attrs = append(attrs, nl.NewRtAttr(attr, value)) }
	if k.From.IsValid() {
		header.Src_len = uint8(k.From.Bits())
		add(nl.FRA_SRC, k.From.Addr().AsSlice())
	}
	if k.To.IsValid() {
		header.Dst_len = uint8(k.To.Bits())
		add(nl.FRA_DST, k.To.Addr().AsSlice())
	}
	if k.Mask != 0 {
		add(nl.FRA_FWMARK, nl.Uint32Attr(k.Mark))
		add(nl.FRA_FWMASK, nl.Uint32Attr(k.Mask))
	}
	if k.Interface != "" {
		add(nl.FRA_IIFNAME, nl.ZeroTerminated(k.Interface))
	}
	if k.Protocol != 0 {
		add(nl.FRA_IP_PROTO, nl.Uint8Attr(uint8(k.Protocol)))
	}
	if k.SourcePort != 0 {
		add(nl.FRA_SPORT_RANGE, append(nl.Uint16Attr(k.SourcePort), nl.Uint16Attr(k.SourcePort)...))
	}
	req := nl.NewNetlinkRequest(kind, flags|unix.NLM_F_ACK)
	for _, a := range attrs {
		req.AddData(a)
	}
	return req
}

// A kernelRule is a rule as the kernel lists it.
type kernelRule struct {
	resource.Rule       // canonical, as far as a resource can say it
	action        uint8 // FR_ACT_*
	origin        uint8 // who made it, RTPROT_*
	beyond        bool  // it is another rule than a resource can say
}

// is tells whether a rule is the one that is meant.
func (k kernelRule) is(r resource.Rule) bool { return !k.beyond && k.Rule == canonical(r) }

// covers tells whether the kernel, told to delete k, could also delete o (rule_find in
// net/core/fib_rules.c).
func (k kernelRule) covers(o kernelRule) bool {
	return k.action == o.action && k.Table == o.Table && k.Priority == o.Priority &&
		(k.origin == 0 || k.origin == o.origin) &&
		(k.Interface == "" || k.Interface == o.Interface) &&
		(k.Mark == 0 || k.Mark == o.Mark) &&
		(k.Mask == 0 || k.Mask == o.Mask) &&
		(k.Protocol == 0 || k.Protocol == o.Protocol) &&
		(k.SourcePort == 0 || k.SourcePort == o.SourcePort) &&
		(!k.From.IsValid() || k.From == o.From) &&
		(!k.To.IsValid() || k.To == o.To)
}

// listRules lists the rules of a family in the order in which packets meet them.
func listRules(family resource.Family) ([]kernelRule, error) {
	rules, err := dump(func() ([]kernelRule, error) {
		req := nl.NewNetlinkRequest(unix.RTM_GETRULE, unix.NLM_F_DUMP)
		req.AddData(&nl.RtMsg{RtMsg: unix.RtMsg{Family: uint8(family)}})
		messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWRULE)
		if err != nil {
			return nil, err
		}
		rules := make([]kernelRule, len(messages))
		for i, m := range messages {
			if rules[i], err = decodeRule(m); err != nil {
				return nil, err
			}
		}
		return rules, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	return rules, nil
}

// decodeRule reads a message about a rule.
func decodeRule(message []byte) (kernelRule, error) {
	header := nl.DeserializeRtMsg(message)
	attrs, err := nl.ParseRouteAttr(message[header.Len():])
	if err != nil {
		return kernelRule{}, err
	}
	k := kernelRule{action: header.Type}
	k.Family = resource.Family(header.Family)
	k.beyond = header.Type != nl.FR_ACT_TO_TBL || header.Tos != 0 || header.Flags&netlink.FibRuleInvert != 0
	for _, a := range attrs {
		switch a.Attr.Type {
		case nl.FRA_PRIORITY:
			k.Priority = binary.NativeEndian.Uint32(a.Value)
		case nl.FRA_SRC:
			k.From = rulePrefix(a.Value, header.Src_len)
		case nl.FRA_DST:
			k.To = rulePrefix(a.Value, header.Dst_len)
		case nl.FRA_FWMARK:
			k.Mark = binary.NativeEndian.Uint32(a.Value)
		case nl.FRA_FWMASK:
			k.Mask = binary.NativeEndian.Uint32(a.Value)
		case nl.FRA_IIFNAME:
			k.Interface = unix.ByteSliceToString(a.Value)
		case nl.FRA_IP_PROTO:
			k.Protocol = resource.Protocol(a.Value[0])
		case nl.FRA_SPORT_RANGE:
			first, last := binary.NativeEndian.Uint16(a.Value), binary.NativeEndian.Uint16(a.Value[2:])
			k.SourcePort, k.beyond = first, k.beyond || first != last
		case nl.FRA_TABLE:
			k.Table = binary.NativeEndian.Uint32(a.Value)
		case nl.FRA_PROTOCOL:
			k.origin = a.Value[0]
		case nl.FRA_SUPPRESS_PREFIXLEN: // always there, -1 is none
			k.beyond = k.beyond || binary.NativeEndian.Uint32(a.Value) != 1<<32-1
		case nl.FRA_PAD:
		default:
			k.beyond = true
		}
	}
	// It looks at no bit, but a resource without a mask means all.
	k.beyond = k.beyond || k.Mark != 0 && k.Mask == 0
	return k, nil
}

// rulePrefix is a prefix of a message: the address is an attribute, the length is in the
// header.
func rulePrefix(address []byte, bits uint8) netip.Prefix {
	addr, _ := netip.AddrFromSlice(address)
	return netip.PrefixFrom(addr, int(bits))
}
