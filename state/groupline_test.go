package state

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// randomRecords are those of a step, many of them about destinations of one service.
func randomRecords(r *rand.Rand) []record {
	var records []record
	c := randomClaim(r)
	for range 1 + r.IntN(600) {
		switch r.IntN(30) {
		case 0:
			c = randomClaim(r)
		case 1, 2:
			d, is := c.Want.(resource.Destination)
			if !is {
				continue
			}
			d.TunnelType, d.TunnelPort, d.TunnelFlags = 0, 0, 0
			c.Want, c.Prior = d, nil
		}
		if d, is := c.Want.(resource.Destination); is {
			d.Port = uint16(r.IntN(1 << 16))
			if r.IntN(2) == 0 {
				d.UpperThreshold, d.LowerThreshold = 0, 0
			}
			c.Want, c.Prior = d, nil
		}
		switch {
		case len(records) < 200:
			records = append(records, record{word: wordWas, says: resource.WasEntry{Key: c.Want.Key(), Was: resource.Was{Claimed: true, Claim: c, Live: c.Want}}})
		case len(records) < 500:
			records = append(records, record{word: wordClaim, claim: c})
		default:
			records = append(records, record{word: wordRelease, claim: c})
		}
	}
	return records
}

// Lines of several say what a line for each would have said.
func TestGroupsSayTheSame(t *testing.T) {
	for seed := range uint64(60) {
		records := randomRecords(rand.New(rand.NewPCG(seed, 9)))
		head := []record{{word: wordLedger, says: headerBody{formatName, formatVersion}}, {word: wordEnd, says: endBody{}}, {word: wordApply}}
		head[2].says = resource.Apply{ID: "one", Hosts: []string{"lb"}}
		want := newImage()
		for i := range head {
			want.apply(&head[i])
		}
		for i := range records {
			want.apply(&records[i])
		}
		b := newBatch(0)
		b.add(head...)
		b.add(records...)
		got, err := parse(b.buf.Bytes())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !maps.Equal(maps.Collect(got.claims.All()), maps.Collect(want.claims.All())) || !maps.Equal(maps.Collect(got.journal.Was.All()), maps.Collect(want.journal.Was.All())) {
			t.Errorf("seed %d: %d claims and %d that were something, want %d and %d", seed, got.claims.Len(), got.journal.Was.Len(), want.claims.Len(), want.journal.Was.Len())
		}
		if got.lines != len(head)+len(records) || b.lines != got.lines {
			t.Errorf("seed %d: %d lines are counted, %d in writing, of %d records", seed, got.lines, b.lines, len(head)+len(records))
		}
	}
}

// The form is read by later versions.
func TestGroupForm(t *testing.T) {
	service := resource.AddrService(resource.TCP, netip.MustParseAddr("192.0.2.1"), 80)
	claim := func(d resource.Destination) record {
		d.Service = service
		return record{word: wordClaim, claim: resource.Claim{Want: d, Step: "web: real servers in service"}}
	}
	one := resource.Destination{Addr: netip.MustParseAddr("10.0.0.2"), Port: 8080, Forward: resource.ForwardDirect, Weight: 10}
	other := resource.Destination{Addr: netip.MustParseAddr("2001:db8::2"), UpperThreshold: 100, LowerThreshold: 50}
	b := newBatch(0)
	b.add(claim(one), claim(other))
	b.add(record{word: wordRelease, claim: claim(one).claim}, record{word: wordRelease, claim: claim(other).claim})
	lines, _ := split(b.buf.Bytes())
	want := []string{
		`claims {"step":"web: real servers in service","service":{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"},"servers":["10.0.0.2:8080 dr 10","[2001:db8::2]:0 masq 0 100 50"]}`,
		`releases {"service":{"address":"192.0.2.1","port":80,"protocol":"tcp","family":"ipv4"},"servers":["10.0.0.2:8080","[2001:db8::2]:0"]}`,
	}
	for i, l := range lines {
		if got := l.word + " " + string(l.body); got != want[i] {
			t.Errorf("line %d is\n%s\nand should be\n%s", i+1, got, want[i])
		}
	}
	for _, body := range []string{`{}`, `{"servers":["10.0.0.2"]}`, `{"servers":["10.0.0.2:80 dr"]}`, `{"servers":["10.0.0.2:80 dr 1 2"]}`, `{"servers":["10.0.0.2:80 fly 1"]}`, `{"servers":["10.0.0.2:80 dr -1"]}`, `[]`, ``} {
		var r claimReader
		if g, err := r.readGroup(wordClaims, []byte(body)); err == nil && len(g.servers) > 0 {
			t.Errorf("%s is read as %v", body, g)
		}
	}
}

// What is read letter by letter is read as encoding/json would read it.
func FuzzGroupLine(f *testing.F) {
	for seed := range uint64(10) {
		b := newBatch(0)
		b.add(randomRecords(rand.New(rand.NewPCG(seed, 3)))...)
		lines, _ := split(b.buf.Bytes())
		for _, l := range lines {
			f.Add(l.body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r claimReader
		var g group
		texts, ok := r.groupTexts(&g, body)
		if !ok {
			return
		}
		var v groupJSON
		if err := json.Unmarshal(body, &v); err != nil {
			return // no line that we have written
		}
		if g.step != v.Step || g.service != v.Service || string(texts) != strings.Join(v.Servers, `","`) {
			t.Errorf("%s is read as %v %s, and not as %v", body, g, texts, v)
		}
	})
}

// A ledger of version 3, with a line for each destination, is read with all that it says, and
// written anew with the next change.
func TestVersion3(t *testing.T) {
	dir := t.TempDir()
	b := newBatch(0)
	b.add(record{word: wordLedger, says: headerBody{formatName, 3}}, record{word: wordBoot, text: "boot-1"}, record{word: wordStep, text: "web: real servers in service"})
	claims := manyClaims(40)
	for i := range claims {
		b.add(claims[i]) // one by one, and so each in a line of its own
	}
	lost := resource.Claim{Want: resource.Module{Name: "ip_vs"}, Step: "web: load IPVS"}
	b.add(record{word: wordLost, claim: lost}, record{word: wordEnd, says: endBody{}})
	if strings.Contains(b.buf.String(), wordClaims+" ") {
		t.Fatal("that is version 4")
	}
	if err := os.WriteFile(filepath.Join(dir, ledgerFile), b.buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	before := s.Ledger()
	if before.Claims.Len() != 40 || before.Lost.Len() != 1 {
		t.Fatalf("%d claims and %d lost", before.Claims.Len(), before.Lost.Len())
	}
	obj := object(1, 1)
	run := step("web: more", change(resource.Create, nil, obj))
	if err := s.Begin(run); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(run, func(int) bool { return true }); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, ledgerFile))
	if err != nil || strings.Count(string(text), wordClaims+" ") == 0 || !strings.Contains(string(text), `"version":4`) {
		t.Errorf("written anew, %v:\n%s", err, text)
	}
	after := open(t, dir).Ledger()
	want := before.Claims.Clone()
	want.Put(obj.Key(), resource.Claim{Want: obj, Step: "web: more"})
	if !maps.Equal(maps.Collect(after.Claims.All()), maps.Collect(want.All())) || after.Lost.Len() != 1 {
		t.Errorf("%d claims and %d lost afterwards", after.Claims.Len(), after.Lost.Len())
	}
}
