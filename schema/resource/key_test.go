package resource

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// randomKeys draws keys of all kinds, of which some are equal.
func randomKeys(rng *rand.Rand, n int) []Key {
	keys := make([]Key, n)
	for i := range keys {
		keys[i] = randomAny(rng).Key()
	}
	return keys
}

// Compare is a total order in which only equal keys are equal.
func TestKeyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	keys := randomKeys(rng, 120)
	for _, a := range keys {
		for _, b := range keys {
			ab := a.Compare(b)
			if ab != -b.Compare(a) {
				t.Fatalf("%s and %s: %d one way, %d the other", a, b, ab, b.Compare(a))
			}
			if (ab == 0) != (a == b) {
				t.Fatalf("%s and %s compare as %d", a, b, ab)
			}
			for _, c := range keys[:40] {
				if ab <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
					t.Fatalf("%s ≤ %s ≤ %s, but not the first ≤ the last", a, b, c)
				}
			}
		}
	}
}

// Every field of a key has a part in the order.
func TestKeyOrderSeesEveryField(t *testing.T) {
	base := destinationKey()
	for name, change := range map[string]func(*Key){
		"kind":             func(k *Key) { k.Kind = KindService },
		"name":             func(k *Key) { k.Name = "x" },
		"prefix":           func(k *Key) { k.Prefix = prefix("10.0.0.2/32") },
		"prefix length":    func(k *Key) { k.Prefix = prefix("10.0.0.1/24") },
		"table":            func(k *Key) { k.Table = 9 },
		"metric":           func(k *Key) { k.Metric = 9 },
		"port":             func(k *Key) { k.Port = 9 },
		"service address":  func(k *Key) { k.Service.Addr = addr("192.0.2.9") },
		"service port":     func(k *Key) { k.Service.Port = 9 },
		"service protocol": func(k *Key) { k.Service.Protocol = UDP },
		"service mark":     func(k *Key) { k.Service.Mark = 9 },
		"service family":   func(k *Key) { k.Service.Family = IPv6 },
	} {
		other := base
		change(&other)
		if base.Compare(other) == 0 {
			t.Errorf("%s: keys that differ in it compare as equal", name)
		}
	}
}

func destinationKey() Key {
	return Destination{Service: AddrService(TCP, addr("192.0.2.1"), 80), Addr: addr("10.0.0.1"), Port: 80}.Key()
}

// A key's words are unique: plans, addresses in JSON and ledgers name objects by them.
func TestKeyStringUnique(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	seen := map[string]Key{}
	for _, k := range randomKeys(rng, 5000) {
		if other, ok := seen[k.String()]; ok && other != k {
			t.Fatalf("%#v and %#v are both %q", other, k, k)
		}
		seen[k.String()] = k
	}
	if len(seen) < 300 {
		t.Errorf("only %d different keys", len(seen))
	}
}

// The state of an object has no part in its key, and two states that differ show it in
// an attribute, of which there are always the same.
func TestAttributesTellStatesApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	byKey, met := map[Key]Resource{}, 0
	for range 30000 {
		r := randomAny(rng)
		other, ok := byKey[r.Key()]
		byKey[r.Key()] = r
		if !ok || other == r {
			continue
		}
		met++
		was, is := other.Attributes(), r.Attributes()
		names := func(as []Attribute) (list []string) {
			for _, a := range as {
				list = append(list, a.Name)
			}
			return list
		}
		if diff := cmp.Diff(names(was), names(is)); diff != "" {
			t.Fatalf("%s: names of attributes (-one +other):\n%s", r.Key(), diff)
		}
		if slices.Equal(was, is) {
			t.Fatalf("%#v and\n%#v differ, but not in any attribute: %v", other, r, is)
		}
	}
	if met < 1000 {
		t.Errorf("only %d pairs of states were compared", met)
	}
}

func TestSetSorted(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	set := randomSet(rng, 200)
	list := set.Sorted()
	if len(list) != set.Len() {
		t.Errorf("%d of %d resources", len(list), set.Len())
	}
	if !slices.IsSortedFunc(list, func(a, b Resource) int { return a.Key().Compare(b.Key()) }) {
		t.Error("not in the order of the keys")
	}
	one, other := Sysctl{"a", "1"}, Sysctl{"a", "2"}
	if set := NewSet(one, other); set.Len() != 1 || set.Get(one.Key()) != Resource(other) {
		t.Errorf("of two states of one object %v stayed", set)
	}
}
