package resource

import (
	"cmp"
	"iter"
	"maps"
	"net/netip"
	"slices"
)

// A ByKey holds something about each of many objects of one host, by their keys. It is a
// map, and one that knows that of most objects there are few, and tens of thousands of
// destinations: those it keeps in order, by service, where each takes a third of the memory
// and of the time that it takes in a map, and where services can be compared whole.
//
// A nil one is empty and can be read. It must not be changed while it is read.
type ByKey[V any] struct {
	others map[Key]V
	behind map[ServiceKey]*Behind[V]
}

// NewByKey returns an empty one.
func NewByKey[V any]() *ByKey[V] {
	return &ByKey[V]{others: map[Key]V{}, behind: map[ServiceKey]*Behind[V]{}}
}

// behindService tells the keys of destinations.
func (k *Key) behindService() bool {
	return k.Kind == KindDestination && k.Prefix.IsSingleIP() && k.Name == "" && k.Table == 0 && k.Metric == 0
}

// DestinationKey is the key of a destination of a service.
func DestinationKey(service ServiceKey, addr netip.Addr, port uint16) Key {
	return Key{Kind: KindDestination, Service: service, Prefix: hostPrefix(addr), Port: port}
}

// Find returns what is held for a key, and whether anything is.
func (t *ByKey[V]) Find(k Key) (v V, ok bool) {
	if t == nil {
		return v, false
	}
	if k.behindService() {
		return t.behind[k.Service].Find(k.Prefix.Addr(), k.Port)
	}
	v, ok = t.others[k]
	return v, ok
}

// Get is Find for who can do with the zero value.
func (t *ByKey[V]) Get(k Key) V {
	v, _ := t.Find(k)
	return v
}

// Has tells whether anything is held for a key.
func (t *ByKey[V]) Has(k Key) bool {
	_, ok := t.Find(k)
	return ok
}

// Put holds a value for a key, in the place of another one.
func (t *ByKey[V]) Put(k Key, v V) {
	if !k.behindService() {
		t.others[k] = v
		return
	}
	t.Open(k.Service, 0).Put(k.Prefix.Addr(), k.Port, v)
}

// LoadOrStore holds a value for a key for which nothing is held yet. It returns what is held
// then, and whether that was there before.
func (t *ByKey[V]) LoadOrStore(k Key, v V) (actual V, loaded bool) {
	if !k.behindService() {
		if actual, loaded = t.others[k]; !loaded {
			t.others[k], actual = v, v
		}
		return actual, loaded
	}
	return t.Open(k.Service, 0).LoadOrStore(k.Prefix.Addr(), k.Port, v)
}

// Open returns what is held behind a service, to put more there at once: so many destinations,
// or some, best in their order.
func (t *ByKey[V]) Open(service ServiceKey, more int) *Behind[V] {
	b := t.own(service)
	if b == nil {
		b = &Behind[V]{}
		t.behind[service] = b
	}
	b.expect = more
	return b
}

// own is what is held behind a service, which no copy has too: that is left as it is.
func (t *ByKey[V]) own(service ServiceKey) *Behind[V] {
	b := t.behind[service]
	if b != nil && b.shared {
		b = b.clone()
		t.behind[service] = b
	}
	return b
}

// Share holds what another one holds behind a service. It changes there no more than here.
func (t *ByKey[V]) Share(service ServiceKey, b *Behind[V]) {
	if !b.shared {
		b.shared = true
	}
	t.behind[service] = b
}

// Delete lets go of what is held for a key.
func (t *ByKey[V]) Delete(k Key) {
	if !k.behindService() {
		delete(t.others, k)
		return
	}
	if b := t.own(k.Service); b != nil {
		if b.delete(k.Prefix.Addr(), k.Port); len(b.chunks) == 0 {
			delete(t.behind, k.Service)
		}
	}
}

// DeleteFunc lets go of all for which a function is true.
func (t *ByKey[V]) DeleteFunc(del func(Key, V) bool) {
	var gone []Key
	for k, v := range t.All() {
		if del(k, v) {
			gone = append(gone, k)
		}
	}
	for _, k := range gone {
		t.Delete(k)
	}
}

// Clear lets go of all.
func (t *ByKey[V]) Clear() { *t = *NewByKey[V]() }

// Copy puts all that another one holds.
func (t *ByKey[V]) Copy(from *ByKey[V]) {
	for k, v := range from.All() {
		t.Put(k, v)
	}
}

// Empty tells whether nothing is held, in less time than Len takes.
func (t *ByKey[V]) Empty() bool {
	for range t.All() {
		return false
	}
	return true
}

// Len is for how many objects something is held.
func (t *ByKey[V]) Len() int {
	if t == nil {
		return 0
	}
	n := len(t.others)
	for _, b := range t.behind {
		n += b.Len()
	}
	return n
}

// All are all keys with what is held for them, in no particular order.
func (t *ByKey[V]) All() iter.Seq2[Key, V] {
	return func(yield func(Key, V) bool) {
		if t == nil {
			return
		}
		for k, v := range t.others {
			if !yield(k, v) {
				return
			}
		}
		for service, b := range t.behind {
			if !b.yield(service, yield) {
				return
			}
		}
	}
}

// Others are those that are no destinations.
func (t *ByKey[V]) Others() iter.Seq2[Key, V] {
	if t == nil {
		return func(func(Key, V) bool) {}
	}
	return maps.All(t.others)
}

// Sorted are all keys in their order, with what is held for them.
func (t *ByKey[V]) Sorted() iter.Seq2[Key, V] {
	return t.Where(nil, func(Key, V) bool { return true })
}

// Where is Sorted of those for which a function is true. What is behind some services is
// left out.
func (t *ByKey[V]) Where(but map[ServiceKey]bool, is func(Key, V) bool) iter.Seq2[Key, V] {
	return func(yield func(Key, V) bool) {
		if t == nil {
			return
		}
		var keys []Key
		for k, v := range t.others {
			if is(k, v) {
				keys = append(keys, k)
			}
		}
		slices.SortFunc(keys, Key.Compare)
		for _, k := range keys {
			if !yield(k, t.others[k]) {
				return
			}
		}
		var services []ServiceKey
		for service := range t.behind {
			if !but[service] {
				services = append(services, service)
			}
		}
		slices.SortFunc(services, ServiceKey.Compare)
		for _, service := range services {
			if !t.behind[service].yield(service, func(k Key, v V) bool { return !is(k, v) || yield(k, v) }) {
				return
			}
		}
	}
}

// Keys lists the keys in their order.
func (t *ByKey[V]) Keys() []Key {
	keys := make([]Key, 0, t.Len())
	for k := range t.Sorted() {
		keys = append(keys, k)
	}
	return keys
}

// Clone returns a copy, nil for nil. What is behind a service is copied when it is changed in
// either.
func (t *ByKey[V]) Clone() *ByKey[V] {
	if t == nil {
		return nil
	}
	for _, b := range t.behind {
		if !b.shared {
			b.shared = true
		}
	}
	return &ByKey[V]{others: maps.Clone(t.others), behind: maps.Clone(t.behind)}
}

// Services are those that something may be held behind, with that.
func (t *ByKey[V]) Services() iter.Seq2[ServiceKey, *Behind[V]] {
	if t == nil {
		return func(func(ServiceKey, *Behind[V]) bool) {}
	}
	return maps.All(t.behind)
}

// Behind is what is held behind a service, nil for nothing.
func (t *ByKey[V]) Behind(service ServiceKey) *Behind[V] {
	if t == nil {
		return nil
	}
	return t.behind[service]
}

// A Behind holds something about each destination of one service, in the order of their
// addresses and ports. A nil one is empty.
type Behind[V any] struct {
	chunks [][]held[V] // in order, none empty
	expect int         // how many are to be put in order yet, as far as is known
	shared bool        // by several, and so not to be changed
}

// held is a destination with what is held for it.
type held[V any] struct {
	addr netip.Addr
	port uint16
	v    V
}

// chunkSize is how many destinations are moved at most to make room for one.
const chunkSize = 256

// compare orders destinations.
func (h *held[V]) compare(addr netip.Addr, port uint16) int {
	if c := h.addr.Compare(addr); c != 0 {
		return c
	}
	return cmp.Compare(h.port, port)
}

// search finds the place of a destination: in which chunk and where in it.
func (b *Behind[V]) search(addr netip.Addr, port uint16) (chunk, at int, found bool) {
	if len(b.chunks) == 0 {
		return 0, 0, false
	}
	for after := len(b.chunks); after-chunk > 1; { // the last chunk that does not begin after it
		if mid := (chunk + after) / 2; b.chunks[mid][0].compare(addr, port) <= 0 {
			chunk = mid
		} else {
			after = mid
		}
	}
	list := b.chunks[chunk]
	lo, hi := 0, len(list)
	for lo < hi {
		mid := (lo + hi) / 2
		switch c := list[mid].compare(addr, port); {
		case c == 0:
			return chunk, mid, true
		case c < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return chunk, lo, false
}

// Find returns what is held for a destination, and whether anything is.
func (b *Behind[V]) Find(addr netip.Addr, port uint16) (v V, ok bool) {
	if b == nil {
		return v, false
	}
	chunk, at, ok := b.search(addr, port)
	if !ok {
		return v, false
	}
	return b.chunks[chunk][at].v, true
}

// Put holds a value for a destination, in the place of another one.
func (b *Behind[V]) Put(addr netip.Addr, port uint16, v V) {
	if b.append(addr, port, v) {
		return
	}
	if chunk, at, found := b.search(addr, port); found {
		b.chunks[chunk][at].v = v
	} else {
		b.insert(chunk, at, held[V]{addr, port, v})
	}
}

// LoadOrStore is Put where nothing is held yet. It returns what is held then, and whether that
// was there before.
func (b *Behind[V]) LoadOrStore(addr netip.Addr, port uint16, v V) (actual V, loaded bool) {
	if b.append(addr, port, v) {
		return v, false
	}
	chunk, at, found := b.search(addr, port)
	if found {
		return b.chunks[chunk][at].v, true
	}
	b.insert(chunk, at, held[V]{addr, port, v})
	return v, false
}

// insert puts a destination in its place.
func (b *Behind[V]) insert(chunk, at int, h held[V]) {
	list := slices.Insert(b.chunks[chunk], at, h)
	b.chunks[chunk] = list
	if len(list) > chunkSize {
		rest := slices.Clone(list[chunkSize/2:])
		clear(list[chunkSize/2:])
		b.chunks[chunk] = list[:chunkSize/2]
		b.chunks = slices.Insert(b.chunks, chunk+1, rest)
	}
}

// append is put for a destination that comes after all others. It tells whether it does.
func (b *Behind[V]) append(addr netip.Addr, port uint16, v V) bool {
	n := len(b.chunks)
	if n > 0 {
		list := b.chunks[n-1]
		if list[len(list)-1].compare(addr, port) >= 0 {
			return false
		}
	}
	if n == 0 || len(b.chunks[n-1]) == chunkSize {
		b.chunks = append(b.chunks, make([]held[V], 0, max(1, min(b.expect, chunkSize))))
		n++
	}
	b.expect--
	b.chunks[n-1] = append(b.chunks[n-1], held[V]{addr, port, v})
	return true
}

// delete lets go of a destination.
func (b *Behind[V]) delete(addr netip.Addr, port uint16) {
	switch chunk, at, found := b.search(addr, port); {
	case !found:
	case len(b.chunks[chunk]) == 1:
		b.chunks = slices.Delete(b.chunks, chunk, chunk+1)
	default:
		b.chunks[chunk] = slices.Delete(b.chunks[chunk], at, at+1)
	}
}

// All are the values in the order of their destinations.
func (b *Behind[V]) All() iter.Seq[V] {
	return func(yield func(V) bool) {
		if b == nil {
			return
		}
		for _, list := range b.chunks {
			for i := range list {
				if !yield(list[i].v) {
					return
				}
			}
		}
	}
}

// AlikeBehind tells whether two hold something for the same destinations, and what they hold
// is alike.
func AlikeBehind[V, W any](a *Behind[V], b *Behind[W], alike func(*V, *W) bool) bool {
	if a.Len() != b.Len() {
		return false
	}
	if a == nil || b == nil {
		return true
	}
	chunk, at := 0, 0 // in b
	for _, list := range a.chunks {
		for i := range list {
			if at == len(b.chunks[chunk]) {
				chunk, at = chunk+1, 0
			}
			other := &b.chunks[chunk][at]
			if list[i].addr != other.addr || list[i].port != other.port || !alike(&list[i].v, &other.v) {
				return false
			}
			at++
		}
	}
	return true
}

// Len is for how many destinations something is held.
func (b *Behind[V]) Len() int {
	n := 0
	if b != nil {
		for _, list := range b.chunks {
			n += len(list)
		}
	}
	return n
}

func (b *Behind[V]) yield(service ServiceKey, yield func(Key, V) bool) bool {
	for _, list := range b.chunks {
		for i := range list {
			if !yield(DestinationKey(service, list[i].addr, list[i].port), list[i].v) {
				return false
			}
		}
	}
	return true
}

func (b *Behind[V]) clone() *Behind[V] {
	c := &Behind[V]{chunks: slices.Clone(b.chunks)}
	for i := range c.chunks {
		c.chunks[i] = slices.Clone(c.chunks[i])
	}
	return c
}
