package provider

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/provider/ipvs"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// ipvsDriver reads and changes IPVS services and their destinations. It reads all of
// them, not just those asked for: the plan also tells what others made there. With keys of
// [resource.AllBehind] it reads all services, and destinations behind those.
type ipvsDriver struct{ *balancer }

func (d ipvsDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	client, err := d.look()
	if client == nil {
		return err
	}
	services := make([]resource.ServiceKey, 0, len(keys))
	only := map[resource.ServiceKey]bool{}
	for _, k := range keys {
		switch {
		case k == resource.AllBehind(k.Service):
			only[k.Service] = true
		default:
			services = append(services, k.Service)
		}
	}
	table, err := client.TableOf(func(s resource.ServiceKey) bool { return len(only) == 0 || only[s] }, services...)
	if err != nil {
		return fmt.Errorf("read ipvs: %w", err)
	}
	for _, entry := range table {
		snap.Live.Add(entry.Service)
		list := entry.Destinations
		slices.SortFunc(list, func(a, b ipvs.Destination) int {
			return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Port, b.Port))
		})
		if len(list) == 0 {
			continue
		}
		behind := snap.Live.Open(entry.Service.ServiceKey, len(list))
		for i := range list {
			dest := &list[i]
			behind.Put(dest.Addr, dest.Port, dest.Destination)
			if dest.Connections != (resource.Connections{}) {
				snap.Connections[dest.Key()] = dest.Connections
			}
		}
	}
	return nil
}

// connections counts what destinations are serving. It reads their services alone, as it
// is asked again and again while there may be thousands of others.
func (d ipvsDriver) connections(keys []resource.Key) (resource.Counts, error) {
	client, err := d.look()
	if client == nil {
		return nil, err
	}
	asked := map[resource.Key]bool{}
	services := map[resource.ServiceKey]bool{}
	for _, k := range keys {
		asked[k], services[k.Service] = true, true
	}
	counts := resource.Counts{}
	var list []ipvs.Destination
	for service := range services {
		if list, err = client.AppendDestinations(list[:0], service); err != nil {
			return nil, fmt.Errorf("read ipvs: %w", err)
		}
		for _, dest := range list {
			if key := dest.Key(); asked[key] && dest.Connections != (resource.Connections{}) {
				counts[key] = dest.Connections
			}
		}
	}
	return counts, nil
}

func (d ipvsDriver) apply(changes []resource.Change) resource.Outcome {
	client, err := d.dial()
	if err != nil {
		return resource.Outcome{Failures: []resource.Failure{{Index: 0, Err: err}}}
	}
	ops := make([]ipvs.Op, len(changes))
	for i, c := range changes {
		ops[i] = operation(c)
	}
	var out resource.Outcome
	for out.Attempted < len(ops) && len(out.Failures) == 0 {
		start := out.Attempted
		attempted, failures := client.Apply(ops[start:])
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
