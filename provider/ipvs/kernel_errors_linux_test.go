package ipvs

import (
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

func TestKernelErrors(t *testing.T) {
	c := namespace(t)
	s, d := simple(web, "rr"), server(web, rip4, 80, resource.ForwardDirect)
	other := resource.MarkService(resource.IPv4, 1)
	apply(t, c, Op{Add, s}, Op{Add, d})
	with := func(change func(*resource.Destination)) resource.Destination {
		d := server(web, "10.0.0.3", 80, resource.ForwardTunnel)
		change(&d)
		return d
	}
	v6 := simple(resource.AddrService(resource.TCP, netip.MustParseAddr(vip6), 80), "rr")
	v6.Netmask = 129
	tests := []struct {
		name string
		op   Op
		want error
	}{
		{"service there", Op{Add, s}, ErrExist},
		{"service there, by class", Op{Add, s}, fs.ErrExist},
		{"destination there", Op{Add, d}, ErrExist},
		{"edit no service", Op{Edit, simple(other, "rr")}, ErrNoService},
		{"delete no service", Op{Delete, simple(other, "rr")}, ErrNoService},
		{"destination of no service", Op{Add, server(other, rip4, 0, resource.ForwardDirect)}, ErrNoService},
		{"edit no destination", Op{Edit, server(web, "10.0.0.3", 80, resource.ForwardDirect)}, ErrNoDestination},
		{"delete no destination", Op{Delete, server(web, "10.0.0.3", 80, resource.ForwardDirect)}, ErrNoDestination},
		{"unknown scheduler", Op{Add, simple(other, "best")}, ErrNoScheduler},
		{"edit to unknown scheduler", Op{Edit, simple(web, "best")}, ErrNoScheduler},
		{"long scheduler", Op{Add, simple(other, "a-scheduler-of-the-future")}, ErrInvalid},
		{"unknown engine", Op{Add, func() resource.Service { s := simple(other, "rr"); s.Engine = "diesel"; return s }()}, ErrNoScheduler},
		{"prefix length", Op{Add, v6}, ErrInvalid},
		{"lower threshold alone", Op{Add, with(func(d *resource.Destination) { d.LowerThreshold = 1 })}, ErrRange},
		{"thresholds swapped", Op{Add, with(func(d *resource.Destination) { d.LowerThreshold, d.UpperThreshold = 2, 1 })}, ErrRange},
		{"weight", Op{Add, with(func(d *resource.Destination) { d.Weight = 1 << 31 })}, ErrRange},
		{"GUE without port", Op{Add, with(func(d *resource.Destination) { d.TunnelType = resource.TunnelGUE })}, ErrInvalid},
		{"multicast", Op{Add, server(web, "224.0.0.1", 80, resource.ForwardDirect)}, ErrInvalid},
		{"family without tunnel", Op{Add, server(web, rip6, 80, resource.ForwardDirect)}, ErrInvalid},
	}
	before := saved(t)
	for _, test := range tests {
		t.Log(test.name)
		fails(t, c, test.want, test.op)
	}
	expect(t, before...)
}

func TestKernelFailureInTheMiddle(t *testing.T) {
	c := namespace(t)
	ops := []Op{{Add, simple(web, "rr")}}
	g := newGenerator(21)
	for len(ops) < 500 {
		ops = append(ops, Op{Add, g.destination(web)})
	}
	bad := ops[200].Object.(resource.Destination)
	bad.Weight = 1 << 31
	ops[200].Object = bad
	attempted, failures := c.Apply(ops)
	if attempted != 256 || !slices.Equal(indexes(failures), []int{200}) || !errors.Is(failures[0].Err, ErrRange) {
		t.Errorf("attempted %d, failures %v", attempted, failures)
	}
	done := slices.Delete(slices.Clone(ops[:256]), 200, 201)
	expect(t, lines(done)...)
	expectThresholds(t, done)
}

// TestKernelWholeBatchFails has the kernel answer every message of a batch.
func TestKernelWholeBatchFails(t *testing.T) {
	c := namespace(t)
	attempted, failures := c.Apply(addDestinations(1000))
	if attempted != batchSize || len(failures) != batchSize {
		t.Fatalf("attempted %d, %d failures", attempted, len(failures))
	}
	for i, f := range failures {
		if f.Index != i || !errors.Is(f.Err, ErrNoService) {
			t.Errorf("failure %d: %+v", i, f)
		}
	}
}
