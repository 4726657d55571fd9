package provider

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/provider/ipvs"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// ipvsDriver reads and changes IPVS services and their destinations. It reads all of
// them, not just those asked for: the plan also tells what others made there.
type ipvsDriver struct {
	client *ipvs.Client // nil until IPVS is there
}

// dial opens the client when it is first needed: before the module is loaded there is
// nothing to talk to.
func (d *ipvsDriver) dial() (err error) {
	if d.client == nil {
		d.client, err = ipvs.New()
	}
	return err
}

// close closes the client if there is one.
func (d *ipvsDriver) close() error {
	if d.client == nil {
		return nil
	}
	client := d.client
	d.client = nil
	return client.Close()
}

func (d *ipvsDriver) read(_ []resource.Key, snap *resource.Snapshot) error {
	// To ask for the netlink family would load the module, and reading changes nothing.
	if loaded, err := modulePresent("ip_vs"); err != nil || !loaded {
		return err
	}
	if err := d.dial(); errors.Is(err, ipvs.ErrNotLoaded) {
		return nil
	} else if err != nil {
		return err
	}
	table, err := d.client.Table()
	if err != nil {
		return fmt.Errorf("read ipvs: %w", err)
	}
	for _, entry := range table {
		snap.Live.Add(entry.Service)
		for _, dest := range entry.Destinations {
			snap.Live.Add(dest.Destination)
			if dest.Connections != (resource.Connections{}) {
				snap.Connections[dest.Key()] = dest.Connections
			}
		}
	}
	return nil
}

func (d *ipvsDriver) apply(changes []resource.Change) resource.Outcome {
	if err := d.dial(); err != nil {
		return resource.Outcome{Failures: []resource.Failure{{Index: 0, Err: err}}}
	}
	ops := make([]ipvs.Op, len(changes))
	for i, c := range changes {
		ops[i] = operation(c)
	}
	var out resource.Outcome
	for out.Attempted < len(ops) && len(out.Failures) == 0 {
		start := out.Attempted
		attempted, failures := d.client.Apply(ops[start:])
		out.Attempted += attempted
		for _, f := range failures {
			if op := ops[start+f.Index]; !goneAlready(op, f.Err) {
				out.Failures = append(out.Failures, resource.Failure{Index: start + f.Index, Err: f.Err, Unknown: errors.Is(f.Err, ipvs.ErrNoAnswer)})
			}
		}
	}
	if slices.ContainsFunc(changes, reschedules) {
		time.Sleep(settle)
	}
	return out
}

// settle is how long packets may take that were being scheduled while a service had no
// scheduler. The kernel does not wait for them when it has put in the new one, and what
// comes after the change, such as letting the host refuse connections again, must not
// meet them. It is long for the sake of virtual processors that are not always running.
const settle = 300 * time.Millisecond

// reschedules tells an edit that gives a service another scheduler.
func reschedules(c resource.Change) bool {
	before, was := c.Before.(resource.Service)
	after, is := c.After.(resource.Service)
	return was && is && before.Scheduler != after.Scheduler
}

// operation is a change in the terms of IPVS.
func operation(c resource.Change) ipvs.Op {
	switch {
	case c.After == nil:
		return ipvs.Op{Verb: ipvs.Delete, Object: c.Before}
	case c.Before == nil:
		return ipvs.Op{Verb: ipvs.Add, Object: c.After}
	default:
		return ipvs.Op{Verb: ipvs.Edit, Object: c.After}
	}
}

// goneAlready tells a failed deletion whose object does not exist: that is what it was
// for.
func goneAlready(op ipvs.Op, err error) bool {
	return op.Verb == ipvs.Delete && (errors.Is(err, ipvs.ErrNoService) || errors.Is(err, ipvs.ErrNoDestination))
}
