package resource

import "testing"

func TestFingerprint(t *testing.T) {
	seen := map[string]int{}
	for i, contents := range [][]Text{nil, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"", "ab"}, {"ab\n"}} {
		got := Fingerprint(contents...)
		if len(got) != 12 {
			t.Errorf("%q: %s", contents, got)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%d and %d are the same", other, i)
		}
		seen[got] = i
	}
	if got := Fingerprint("ab"); got != Fingerprint("ab") || got != "9caccc24b5d7" {
		t.Errorf("the fingerprint of ab is %s; ledgers remember another", got)
	}
}
