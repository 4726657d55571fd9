package nftrules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// Rules that are there but not in force are not shown as if they were.
func TestTableLive(t *testing.T) {
	wide := resource.Mark{To: prefix("192.0.2.0/24"), Mark: 1}
	narrow := resource.Mark{To: prefix("192.0.2.1/32"), Mark: 2}
	other := narrow
	other.Mark = 3
	nat := resource.SourceNAT{Service: resource.AddrService(resource.TCP, addr("192.0.2.1"), 80), First: addr("10.0.0.1"), Last: addr("10.0.0.1")}
	mss := resource.MSS{From: addr("192.0.2.1"), Size: 1400}
	all := []resource.Resource{wide, narrow, nat, mss}
	off := powerless
	tests := []struct {
		name string
		edit func(nft.Table, map[string]*nft.Chain) nft.Table
		want []resource.Resource
	}{
		{"as we make it", nil, all},
		{"the table sleeps", func(t nft.Table, _ map[string]*nft.Chain) nft.Table { t.Dormant = true; return t },
			[]resource.Resource{off(wide), off(narrow), off(nat), off(mss)}},
		{"a chain drops", edit("source", func(c *nft.Chain) { c.Drop = true }), []resource.Resource{wide, narrow, off(nat), mss}},
		{"a chain is hooked in elsewhere", edit("mss", func(c *nft.Chain) { c.Hook.Priority = 0 }), []resource.Resource{wide, narrow, nat}},
		{"a chain is renamed", edit("mss", func(c *nft.Chain) { c.Name = "mss2" }), []resource.Resource{wide, narrow, nat}},
		{"no way to the marks for what comes in", edit("prerouting", func(c *nft.Chain) { c.Rules = nil }), []resource.Resource{off(wide), off(narrow), nat, mss}},
		{"no way to the marks for what is sent", edit("output", func(c *nft.Chain) { c.Rules = nil }), []resource.Resource{off(wide), off(narrow), nat, mss}},
		{"another way to the marks", edit("output", func(c *nft.Chain) { c.Rules[0].Exprs = []nft.Expr{jumpToMarks} }), []resource.Resource{off(wide), off(narrow), nat, mss}},
		{"the way to the marks drops", edit("prerouting", func(c *nft.Chain) { c.Drop = true }), []resource.Resource{off(wide), off(narrow), nat, mss}},
		{"the wrong order", edit("marks", func(c *nft.Chain) { c.Rules[0], c.Rules[1] = c.Rules[1], c.Rules[0] }), []resource.Resource{off(wide), narrow, nat, mss}},
		{"something of others between", edit("marks", func(c *nft.Chain) {
			c.Rules = []nft.Rule{{Handle: 98}, c.Rules[0], {Handle: 99, Exprs: []nft.Expr{&expr.Verdict{Kind: expr.VerdictReturn}}}, c.Rules[1]}
		}), all},
		{"a rule twice", edit("marks", func(c *nft.Chain) { c.Rules = append(c.Rules, c.Rules[1]) }), all},
		{"two that contradict", edit("marks", func(c *nft.Chain) { c.Rules = append(c.Rules, encodeRule(other)) }), []resource.Resource{wide, off(narrow), nat, mss}},
		{"three that contradict", edit("marks", func(c *nft.Chain) { c.Rules = append(c.Rules, encodeRule(other), c.Rules[1]) }), []resource.Resource{wide, off(narrow), nat, mss}},
		{"a rule more than is known", edit("mss", func(c *nft.Chain) { c.Rules[0].Exprs = nil }), []resource.Resource{wide, narrow, nat}},
		{"no rule left", edit("marks", func(c *nft.Chain) { c.Rules = nil }), []resource.Resource{nat, mss}},
	}
	for _, test := range tests {
		f := newFakeTables()
		for _, r := range all {
			f.apply(t, create(r))
		}
		rs := f.ruleset()
		if test.edit != nil {
			chains := map[string]*nft.Chain{}
			for i := range rs.Tables[0].Chains {
				chains[rs.Tables[0].Chains[i].Name] = &rs.Tables[0].Chains[i]
			}
			rs.Tables[0] = test.edit(rs.Tables[0], chains)
		}
		got := understand(resource.IPv4, rs).live()
		if diff := cmp.Diff(resource.NewSet(test.want...), got, alike, resourcetest.AsMaps); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		// Making them again puts everything right.
		f.tables[resource.IPv4] = &rs.Tables[0]
		if test.name == "a chain is hooked in elsewhere" || test.name == "a chain is renamed" {
			continue // by others, whose chain it is now
		}
		var again []resource.Change
		for _, r := range all {
			again = append(again, update(powerless(r), r))
		}
		recount(&rs.Tables[0])
		f.apply(t, again...)
		if diff := cmp.Diff(resource.NewSet(all...), f.live(), alike, resourcetest.AsMaps); diff != "" {
			t.Errorf("%s, and made again (-want +got):\n%s\n%s", test.name, diff, f)
		}
	}
}

// edit changes one chain.
func edit(name string, do func(*nft.Chain)) func(nft.Table, map[string]*nft.Chain) nft.Table {
	return func(t nft.Table, chains map[string]*nft.Chain) nft.Table {
		do(chains[name])
		return t
	}
}

// recount gives rules that were copied handles of their own, and counts uses again.
func recount(t *nft.Table) {
	uses := map[string]int{}
	handle := uint64(1000)
	for i := range t.Chains {
		for j := range t.Chains[i].Rules {
			r := &t.Chains[i].Rules[j]
			handle++
			r.Handle = handle
			uses[t.Chains[i].Name]++
			for _, e := range r.Exprs {
				if v, ok := e.(*expr.Verdict); ok {
					uses[v.Chain]++
				}
			}
		}
	}
	for i := range t.Chains {
		t.Chains[i].Uses = uses[t.Chains[i].Name]
	}
}
