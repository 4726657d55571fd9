package provider

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
)

// A Machine is the one that the process runs on, as its network namespace sees it.
type Machine struct {
	version   string
	nl        *netlink.Handle
	balancer  *balancer
	announcer *announcer
	drivers   map[resource.Kind]driver
}

// A driver reads and changes one kind of resource, or several that live together.
type driver interface {
	// read puts what there is of keys into the snapshot. All keys are of the
	// driver's kinds.
	read(keys []resource.Key, snap *resource.Snapshot) error
	// apply carries out changes in order. It may go on after a failure where the
	// changes are sent together.
	apply(changes []resource.Change) resource.Outcome
}

// Open returns the machine. The version is the one of the program, for its facts.
func Open(version string) (*Machine, error) {
	nl, err := netlink.NewHandle()
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	b, announce := &balancer{}, &announcer{nl: nl}
	return &Machine{version: version, nl: nl, balancer: b, announcer: announce, drivers: map[resource.Kind]driver{
		resource.KindModule:      moduleDriver{},
		resource.KindLink:        linkDriver{nl},
		resource.KindLinkSetting: linkSettingDriver{nl},
		resource.KindFOU:         fouDriver{},
		resource.KindSysctl:      sysctlDriver{},
		resource.KindTimeout:     timeoutDriver{b},
		resource.KindAddress:     addressDriver{nl, announce},
		resource.KindRoute:       routeDriver{nl},
		resource.KindRule:        ruleDriver{},
		resource.KindMark:        nftDriver{},
		resource.KindSourceNAT:   nftDriver{},
		resource.KindMSS:         nftDriver{},
		resource.KindDirectory:   directoryDriver{},
		resource.KindFile:        fileDriver{},
		resource.KindBlock:       blockDriver{},
		resource.KindExport:      exportDriver{},
		resource.KindMount:       mountDriver{},
		resource.KindUnit:        unitDriver{settleTime},
		resource.KindSyncDaemon:  syncDaemonDriver{b},
		resource.KindService:     ipvsDriver{b},
		resource.KindDestination: ipvsDriver{b},
	}}, nil
}

// BootID tells this boot of the machine from all others.
func (m *Machine) BootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}

// Close lets go of the machine.
func (m *Machine) Close() error {
	m.nl.Close()
	return m.balancer.close()
}

// Read returns the state of the objects that keys name, of all IPVS objects, and facts
// about the machine. What does not exist is not in the snapshot.
func (m *Machine) Read(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	facts, err := m.facts()
	if err != nil {
		return nil, err
	}
	snap := &resource.Snapshot{Facts: facts, Live: resource.NewSet(), Connections: map[resource.Key]resource.Connections{}}
	asked := map[driver][]resource.Key{m.drivers[resource.KindService]: nil}
	for _, k := range keys {
		d, ok := m.drivers[k.Kind]
		if !ok {
			return nil, fmt.Errorf("read %s: unknown kind of resource", k)
		}
		asked[d] = append(asked[d], k)
	}
	for d, keys := range asked {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := d.read(keys, snap); err != nil {
			return nil, readError(err, keys)
		}
	}
	return snap, nil
}

// readError is an error of reading objects, all of one driver, with what lacks for it.
func readError(err error, keys []resource.Key) error {
	if len(keys) == 0 {
		return err
	}
	return lacking(err, keys[0].Kind, false)
}

// Find returns the state of the objects that keys name, and nothing else. It is for
// kinds of which [resource.Kind.Setting] is true.
func (m *Machine) Find(keys []resource.Key) (resource.Set, error) {
	snap := &resource.Snapshot{Live: resource.NewSet()}
	if err := m.readEach(keys, snap); err != nil {
		return resource.Set{}, err
	}
	return snap.Live, nil
}

// readEach puts the objects that keys name into a snapshot, which has the facts already.
func (m *Machine) readEach(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		d, ok := m.drivers[k.Kind]
		if !ok {
			return fmt.Errorf("read %s: unknown kind of resource", k)
		}
		if err := d.read([]resource.Key{k}, snap); err != nil {
			return lacking(err, k.Kind, false)
		}
	}
	return nil
}

// Connections returns what the destinations that keys name are serving. Those that serve
// nobody, or are not there, are left out.
func (m *Machine) Connections(keys []resource.Key) (resource.Counts, error) {
	return ipvsDriver{m.balancer}.connections(keys)
}

// Apply carries out changes in order: those that follow each other and have the same
// driver together, and nothing after a failure.
func (m *Machine) Apply(ctx context.Context, changes []resource.Change) resource.Outcome {
	var out resource.Outcome
	for out.Attempted < len(changes) && len(out.Failures) == 0 {
		start := out.Attempted
		if err := ctx.Err(); err != nil {
			return out
		}
		d := m.drivers[changes[start].Key().Kind]
		end := start + 1
		for end < len(changes) && m.drivers[changes[end].Key().Kind] == d {
			end++
		}
		part := d.apply(changes[start:end])
		for _, f := range part.Failures {
			f.Index += start
			f.Err = lacking(f.Err, changes[f.Index].Key().Kind, true)
			out.Failures = append(out.Failures, f)
		}
		out.Attempted = start + part.Attempted
		out.Notices = append(out.Notices, part.Notices...)
	}
	return out
}

// Every driver is comparable, as Read uses them as keys.
var (
	_ driver = moduleDriver{}
	_ driver = linkDriver{}
	_ driver = linkSettingDriver{}
	_ driver = fouDriver{}
	_ driver = sysctlDriver{}
	_ driver = addressDriver{}
	_ driver = routeDriver{}
	_ driver = timeoutDriver{}
	_ driver = ruleDriver{}
	_ driver = syncDaemonDriver{}
	_ driver = ipvsDriver{}
	_ driver = nftDriver{}
	_ driver = directoryDriver{}
	_ driver = fileDriver{}
	_ driver = blockDriver{}
	_ driver = exportDriver{}
	_ driver = mountDriver{}
	_ driver = unitDriver{}
)
