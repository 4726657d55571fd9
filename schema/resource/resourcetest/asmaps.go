package resourcetest

import (
	"maps"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// AsMaps has cmp compare what is held by key as maps, in which it shows what differs.
var AsMaps = cmp.Options{asMap[resource.Resource](), asMap[resource.Claim](), asMap[resource.Was]()}

func asMap[V any]() cmp.Option {
	return cmp.Transformer("asMap", func(t *resource.ByKey[V]) map[resource.Key]V { return maps.Collect(t.All()) })
}
