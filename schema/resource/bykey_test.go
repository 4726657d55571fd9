package resource

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"testing"
)

// randomKey is one of so many keys, most of them of destinations.
func randomKey(rng *rand.Rand, n int) Key {
	i := rng.IntN(n)
	service := AddrService(TCP, netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 3)}), 80)
	addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
	switch rng.IntN(20) {
	case 0:
		return Service{ServiceKey: service}.Key()
	case 1:
		return Sysctl{Name: "net.ipv4.ip_forward"}.Key()
	case 2:
		return All(KindDestination)
	case 4:
		return DestinationKey(MarkService(IPv6, uint32(i%2)), netip.IPv6LinkLocalAllNodes(), uint16(i))
	}
	return DestinationKey(service, addr, uint16(i%2))
}

// What it holds is what a map would hold, whatever is done to it in whatever order.
func TestByKeyIsAMap(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := []int{5, 100, 4000}[seed%3]
		got, want := NewByKey[int](), map[Key]int{}
		for i := range 4 * n {
			k := randomKey(rng, n)
			if seed%2 == 0 && i < n { // in order first
				k = DestinationKey(AddrService(UDP, netip.AddrFrom4([4]byte{192, 0, 2, 1}), 53), netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 53)
			}
			if rng.IntN(4) == 0 {
				got.Delete(k)
				delete(want, k)
			} else {
				if _, there := want[k]; !there && i%2 == 0 {
					if v, before := got.LoadOrStore(k, i); v != i || before {
						t.Fatalf("seed %d: %d is claimed for %v, and it was there: %t", seed, v, k, before)
					}
				} else {
					got.Put(k, i)
				}
				want[k] = i
				if v, before := got.LoadOrStore(k, -1); v != i || !before {
					t.Fatalf("seed %d: %d is claimed for %v a second time", seed, v, k)
				}
			}
			if v, ok := got.Find(k); ok != hasKey(want, k) || v != want[k] || got.Len() != len(want) {
				t.Fatalf("seed %d: %v is %d, %t, and should be %d; %d of %d", seed, k, v, ok, want[k], got.Len(), len(want))
			}
		}
		got.DeleteFunc(func(_ Key, v int) bool { return v%7 == 0 })
		maps.DeleteFunc(want, func(_ Key, v int) bool { return v%7 == 0 })
		sameAsMap(t, got, want)
		copied, changed := got.Clone(), got.Clone()
		for _, k := range got.Keys() {
			changed.Put(k, -1)
			changed.Put(DestinationKey(k.Service, netip.IPv6Unspecified(), 1), -2)
		}
		sameAsMap(t, got, want)
		sameBehind(t, rng, got, want)
		for k := range want {
			got.Delete(k)
		}
		sameAsMap(t, copied, want)
		sameAsMap(t, got, map[Key]int{})
	}
}

func hasKey(m map[Key]int, k Key) bool {
	_, ok := m[k]
	return ok
}

func sameAsMap(t *testing.T, got *ByKey[int], want map[Key]int) {
	t.Helper()
	if all := maps.Collect(got.All()); !maps.Equal(all, want) {
		t.Errorf("%d entries, want %d", len(all), len(want))
	}
	if keys := got.Keys(); !slices.Equal(keys, slices.SortedFunc(maps.Keys(want), Key.Compare)) || got.Len() != len(want) {
		t.Errorf("%d keys, not in order, or %d", len(keys), got.Len())
	}
	behind := 0
	for service, b := range got.Services() {
		behind += b.Len()
		if b.Len() == 0 || b != got.Behind(service) {
			t.Errorf("nothing behind %v", service)
		}
	}
	for k, v := range got.Others() {
		if behind++; want[k] != v {
			t.Errorf("%v is %d", k, v)
		}
	}
	if behind != len(want) {
		t.Errorf("%d behind services and others, want %d", behind, len(want))
	}
}

// A nil one can be read.
func TestByKeyNil(t *testing.T) {
	var none *ByKey[int]
	k := DestinationKey(MarkService(IPv4, 1), netip.IPv4Unspecified(), 0)
	if _, ok := none.Find(k); ok || none.Len() > 0 || len(none.Keys()) > 0 || none.Clone() != nil || none.Behind(k.Service).Len() > 0 {
		t.Error("there is something in nothing")
	}
	sameAsMap(t, none, map[Key]int{})
}

// What is held behind services is alike as long as nothing is changed, whatever the order in
// which it came.
func sameBehind(t *testing.T, rng *rand.Rand, got *ByKey[int], want map[Key]int) {
	t.Helper()
	other := NewByKey[string]()
	keys := got.Keys()
	rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	for _, k := range keys {
		other.Put(k, strconv.Itoa(want[k]))
	}
	for service, b := range got.Services() {
		alike := func() bool {
			return AlikeBehind(b, other.Behind(service), func(v *int, w *string) bool { return strconv.Itoa(*v) == *w })
		}
		if !alike() {
			t.Errorf("behind %v is something else", service)
		}
		var one Key
		for k := range other.All() {
			if k.Kind == KindDestination && k.Service == service {
				one = k
			}
		}
		other.Put(one, "x")
		if alike() {
			t.Errorf("behind %v is the same after a change", service)
		}
		other.Delete(one)
		if alike() {
			t.Errorf("behind %v is the same without %v", service, one)
		}
	}
}
