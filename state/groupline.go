package state

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// What a step does to the destinations of a service is written in a line of its own for many
// of them at a time, as long as there is nothing more to say of each than its short form
// ([resource.Destination.AppendShort]). That takes a tenth of the room and of the time that a
// line for each of them takes. A line of releases has addresses and ports alone.

// A group is what a line says about several destinations of one service.
type group struct {
	step    string // that made the claims, empty for releases
	service resource.ServiceKey
	servers []resource.Destination // their service is not set, nor what releases do not say
}

type groupJSON struct {
	Step    string              `json:"step,omitempty"`
	Service resource.ServiceKey `json:"service"`
	Servers []string            `json:"servers"`
}

// groups are the words of lines of many, by those of one.
var groups = map[string]string{wordClaim: wordClaims, wordWas: wordWere, wordRelease: wordReleases}

// maxGroup is how many destinations are in a line at the most, and minGroup at the least.
const (
	maxGroup = 256
	minGroup = 2
)

// member is what a record says about a destination, and the step that made it, if there is
// nothing more to say than a group has words for.
func (r *record) member() (d resource.Destination, step string, ok bool) {
	claim := r.claim
	switch r.word {
	case wordWas:
		e := r.says.(resource.WasEntry)
		if !e.Claimed || e.Live != e.Claim.Want || e.Claim.Want.Key() != e.Key {
			return d, "", false
		}
		claim = e.Claim
	case wordClaim, wordRelease:
	default:
		return d, "", false
	}
	d, is := claim.Want.(resource.Destination)
	if r.word == wordRelease {
		return d, "", is && plainResource(d)
	}
	return d, claim.Step, is && claim.Prior == nil && d.HasShort() && plain(claim.Step) && plainResource(d)
}

// run is how many of the first records can be in one line.
func run(records []record) int {
	first, step, ok := records[0].member()
	if !ok {
		return 1
	}
	n := 1
	for n < min(len(records), maxGroup) && records[n].word == records[0].word {
		d, of, ok := records[n].member()
		if !ok || of != step || d.Service != first.Service {
			break
		}
		n++
	}
	return n
}

// appendGroup appends the body of the line of a run of records.
func appendGroup(b []byte, records []record) []byte {
	for i := range records {
		d, step, _ := records[i].member()
		if i == 0 {
			b = appendGroupHead(b, step, d.Service)
		} else {
			b = append(b, ',')
		}
		if b = append(b, '"'); records[i].word == wordRelease {
			b = netip.AddrPortFrom(d.Addr, d.Port).AppendTo(b)
		} else {
			b = d.AppendShort(b)
		}
		b = append(b, '"')
	}
	return append(b, "]}"...)
}

// appendGroupHead appends what is said of all of them.
func appendGroupHead(b []byte, step string, service resource.ServiceKey) []byte {
	b = append(b, '{')
	if step != "" {
		b = append(append(append(b, `"step":"`...), step...), `",`...)
	}
	return append(appendService(append(b, `"service":{`...), service), `},"servers":[`...)
}

// readGroup reads the body of such a line.
func (r *claimReader) readGroup(word string, body []byte) (g group, err error) {
	texts, ok := r.groupTexts(&g, body)
	if !ok {
		var v groupJSON
		if err := json.Unmarshal(body, &v); err != nil {
			return g, err
		}
		g = group{step: v.Step, service: v.Service}
		texts = []byte(strings.Join(v.Servers, `","`))
	}
	g.servers = make([]resource.Destination, 0, bytes.Count(texts, []byte(","))+1)
	for len(texts) > 0 {
		var text []byte
		text, texts, _ = bytes.Cut(texts, []byte(`","`))
		d, err := readServer(text, word != wordReleases)
		if err != nil {
			return g, err
		}
		g.servers = append(g.servers, d)
	}
	return g, nil
}

// groupTexts reads all but the destinations, and returns these as they stand there, without
// the first and last quote.
func (r *claimReader) groupTexts(g *group, body []byte) (texts []byte, ok bool) {
	r.rest = body
	if !r.skip(`{`) {
		return nil, false
	}
	if g.step = r.word(&r.step, `"step":"`); g.step != "" {
		r.skip(`,`)
	}
	if !r.skip(`"service":{`) {
		return nil, false
	}
	g.service = r.service()
	if !r.skip(`},"servers":["`) {
		return nil, false
	}
	head := body[:len(body)-len(r.rest)]
	r.again = appendGroupHead(r.again[:0], g.step, g.service)
	texts, ok = bytes.CutSuffix(r.rest, []byte(`"]}`))
	return texts, ok && bytes.Equal(r.again, head[:len(head)-1]) && plain(g.step) && plainTexts(texts) && plainService(g.service)
}

// plainTexts tells whether texts have nothing in them that is something else in JSON, and
// nothing between them but quotes and commas.
func plainTexts(texts []byte) bool {
	for _, c := range texts {
		if c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return bytes.Count(texts, []byte{'"'}) == 2*bytes.Count(texts, []byte(`","`))
}

// readServer reads what is said about one destination, or its address and port.
func readServer(text []byte, whole bool) (d resource.Destination, err error) {
	if whole {
		err = d.ReadShort(text)
		return d, err
	}
	at, err := netip.ParseAddrPort(string(text))
	d.Addr, d.Port = at.Addr(), at.Port()
	return d, err
}

// applyGroup adds what a line says about several destinations.
func (m *image) applyGroup(r *record) {
	g := r.says.(group)
	if r.word == wordClaims {
		m.claimGroup(g)
		return
	}
	one := record{word: wordRelease}
	for i := range g.servers {
		d := g.servers[i]
		d.Service = g.service
		switch r.word {
		case wordReleases:
			one.says = d.Key()
		case wordWere:
			claim := resource.Claim{Want: d, Step: g.step}
			one.word, one.says = wordWas, resource.WasEntry{Key: d.Key(), Was: resource.Was{Claimed: true, Claim: claim, Live: claim.Want}}
		}
		m.apply(&one)
	}
}

// claimGroup is what [image.apply] does with a claim, for many.
func (m *image) claimGroup(g group) {
	claims := m.claims.Open(g.service, len(g.servers))
	var was *resource.Behind[resource.Was]
	if m.journaling() {
		was = m.journal.Was.Open(g.service, len(g.servers))
	}
	for i := range g.servers {
		d := g.servers[i]
		d.Service = g.service
		claim := resource.Claim{Want: d, Step: g.step}
		old, held := claims.LoadOrStore(d.Addr, d.Port, claim)
		if held {
			claims.Put(d.Addr, d.Port, claim)
		}
		if was == nil {
			continue
		}
		was.LoadOrStore(d.Addr, d.Port, resource.Was{})
		if held {
			m.moves.Move(old.Step, g.step)
		}
	}
}
