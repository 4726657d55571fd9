package schema

import (
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// schedulerFlags are the names of the flags that algorithms know, as ipvsadm(8) has
// them. What flag-1 to flag-3 mean is up to the algorithm.
var schedulerFlags = map[string]resource.ServiceFlags{
	"flag-1": resource.FlagSched1, "sh-fallback": resource.FlagSched1, "mh-fallback": resource.FlagSched1,
	"flag-2": resource.FlagSched2, "sh-port": resource.FlagSched2, "mh-port": resource.FlagSched2,
	"flag-3": resource.FlagSched3,
}

// flags are the flags of a service.
func (c *content) flags(algorithm string) resource.ServiceFlags {
	var flags resource.ServiceFlags
	if c.boolean("one_packet") {
		flags |= resource.FlagOnePacket
	}
	names, _ := c.strings("flags")
	for _, name := range names {
		flag, known := schedulerFlags[name]
		owner, _, _ := strings.Cut(name, "-")
		switch {
		case !known:
			c.fail(c.at("flags"), "Unknown flag", "There is no flag %q. Flags are %s.%s", name, list(sortedKeys(schedulerFlags)), didYouMean(name, sortedKeys(schedulerFlags), "%q"))
		case owner != "flag" && algorithm != "" && owner != algorithm:
			c.fail(c.at("flags"), "Flag of another algorithm", "The flag %q is for the algorithm %q, and the service uses %q.", name, owner, algorithm)
		}
		flags |= flag
	}
	return flags
}
