package host

import (
	"context"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Machine is what a host reads and changes: the one that the process runs on.
type Machine interface {
	// BootID tells this boot of the machine from all others.
	BootID() (string, error)
	// Read returns the state of the objects that keys name, of all IPVS objects, and facts.
	Read(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error)
	// Find returns the state of the settings that keys name, and nothing else.
	Find(keys []resource.Key) (resource.Set, error)
	// Connections returns what the destinations that keys name are serving.
	Connections(keys []resource.Key) (resource.Counts, error)
	// Ask asks the other machines on the segments of interfaces who has addresses.
	Ask(addresses []resource.Address) []resource.Neighbour
	// Apply carries out changes in order.
	Apply(ctx context.Context, changes []resource.Change) resource.Outcome
	// Close lets go of the machine.
	Close() error
}

// An Opener opens the machine that the process runs on, such as [OpenMachine] or [OpenAnnouncing]. The version
// is the one of the program.
type Opener func(version string) (Machine, error)
