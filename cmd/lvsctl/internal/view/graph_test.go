package view

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Every real server is in the picture once: in a line of its own, or in a number that is
// shown. What is in the picture is in each format.
func TestEveryServerIsDrawn(t *testing.T) {
	for seed := range uint64(200) {
		cfg := randomConfig(rand.New(rand.NewPCG(seed, 5)), "")
		topology := planner.NewTopology(cfg)
		pic := newPicture(topology)
		for i, b := range pic.bands {
			want, got := 0, 0
			for _, g := range topology.Clusters[i].Groups {
				want += len(g.Servers)
			}
			for _, g := range b.groups {
				n := numberIn(t, g.title)
				got += n
				if shown := shownIn(t, &g); shown != n {
					t.Fatalf("seed %d: %q has lines for %d:\n%s", seed, g.title, shown, strings.Join(g.lines, "\n"))
				}
			}
			if got != want {
				t.Fatalf("seed %d: %d real servers are drawn, of %d", seed, got, want)
			}
		}
		checkFormats(t, topology)
	}
}

var number = regexp.MustCompile(`\d+`)

// numberIn is the first number in a text.
func numberIn(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(number.FindString(text))
	if err != nil {
		t.Fatalf("no number in %q", text)
	}
	return n
}

// shownIn counts the real servers that the lines of a group stand for. Groups that are
// only counted have a number of groups there.
func shownIn(t *testing.T, g *serverGroup) int {
	n := 0
	for _, line := range g.lines {
		switch {
		case strings.HasSuffix(line, "more groups"):
			return numberIn(t, g.title)
		case strings.HasPrefix(line, "and "):
			n += numberIn(t, line)
		case strings.Contains(line, "more pools: "), strings.HasPrefix(line, "pool "):
			_, after, _ := strings.Cut(line, ": ")
			n += numberIn(t, after)
		default:
			n++
		}
	}
	return n
}

// checkFormats finds what a picture has and a format lacks, and what a format could not
// be read with.
func checkFormats(t *testing.T, topology *planner.Topology) {
	t.Helper()
	pic := newPicture(topology)
	tree := printed(false, func(p *Printer) { p.Graph(topology) })
	dot, mermaid, svg := DOT(topology), Mermaid(topology), SVG(topology)
	checkDOT(t, dot)
	checkMermaid(t, mermaid)
	inSVG := checkSVG(t, svg)
	for _, b := range pic.bands {
		for _, x := range b.boxes() {
			for _, line := range append([]string{x.title}, x.lines...) {
				if !inSVG[shortened(line, maxColumns)] {
					t.Errorf("not in svg: %q", line)
				}
				for format, text := range map[string]string{"text": tree, "dot": dot, "mermaid": mermaid} {
					want := map[string]string{"text": line, "dot": dotEscape(line), "mermaid": mermaidEscape(line)}[format]
					if format == "text" && isDirector(&b, x.id) && line != x.title {
						continue // in one line, with commas
					}
					if !strings.Contains(text, want) {
						t.Errorf("not in %s: %q\n%s", format, want, text)
					}
				}
			}
		}
	}
	for name, text := range map[string]string{"text": tree, "dot": dot, "mermaid": mermaid, "svg": svg} {
		if i := strings.IndexFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }); i >= 0 {
			t.Errorf("%s has a control character: %q", name, text[max(0, i-20):min(len(text), i+20)])
		}
	}
}

func isDirector(b *band, id string) bool {
	for _, d := range b.directors {
		if d.id == id {
			return true
		}
	}
	return false
}

var (
	dotString    = `"(?:[^"\\\n]|\\[\\"nl])*"`
	dotStatement = regexp.MustCompile(`^(digraph lvsctl \{|\}|rankdir=LR|(node|edge|\w+|\w+ -> \w+)( \[(\w+=(\w+|` + dotString + `)(, )?)+\])?|label=` + dotString + `|subgraph cluster_\w+ \{|)$`)

	mermaidText      = `"(?:[^"#<>&\x60\\\n]|#\d+;|<br/>)*"`
	mermaidStatement = regexp.MustCompile(`^(flowchart LR|clients\(\[` + mermaidText + `\]\)|(subgraph )?\w+\[` + mermaidText + `\]|end|\w+ (-->|-.->)(\|` + mermaidText + `\|)? \w+|)$`)
)

// checkDOT and checkMermaid hold each line against the little that is used of a language.
func checkDOT(t *testing.T, text string)     { t.Helper(); checkLines(t, text, dotStatement) }
func checkMermaid(t *testing.T, text string) { t.Helper(); checkLines(t, text, mermaidStatement) }

func checkLines(t *testing.T, text string, statement *regexp.Regexp) {
	t.Helper()
	for line := range strings.Lines(text) {
		if !statement.MatchString(strings.TrimSpace(line)) {
			t.Errorf("no statement: %s", line)
		}
	}
}

// An area is a rectangle of a picture.
type area struct{ x, y, w, h float64 }

func (a area) overlaps(b area) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

func (a area) within(b area) bool {
	return a.x >= b.x && a.y >= b.y && a.x+a.w <= b.x+b.w && a.y+a.h <= b.y+b.h
}

// checkSVG reads a picture as XML, looks whether its boxes and texts have room, and
// returns the texts.
func checkSVG(t *testing.T, text string) map[string]bool {
	t.Helper()
	texts := map[string]bool{}
	var paper area
	var bands, boxes, lines []area
	var write *area // the text element that is being read
	for dec := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		switch e := token.(type) {
		case xml.StartElement:
			at, class := areaOf(e)
			switch {
			case e.Name.Local == "rect" && class == "paper":
				paper = at
			case e.Name.Local == "rect" && class == "band":
				bands = append(bands, at)
			case e.Name.Local == "rect" && strings.HasPrefix(class, "box"):
				boxes = append(boxes, at)
			case e.Name.Local == "text":
				write = &at
			}
		case xml.CharData:
			if write != nil {
				texts[string(e)] = true
				lines = append(lines, area{write.x, write.y - fontSize, textWidth([]string{string(e)}), fontSize})
				write = nil
			}
		}
	}
	for i, b := range boxes {
		for _, other := range boxes[i+1:] {
			if b.overlaps(other) {
				t.Errorf("boxes overlap: %v %v", b, other)
			}
		}
		for _, line := range lines {
			if b.overlaps(line) && !line.within(b) {
				t.Errorf("a text runs over the edge of a box: %v %v", line, b)
			}
		}
	}
	for _, a := range slices.Concat(bands, boxes, lines) {
		if !a.within(paper) {
			t.Errorf("%v is outside of the picture, %v", a, paper)
		}
	}
	return texts
}

func areaOf(e xml.StartElement) (at area, class string) {
	fields := map[string]*float64{"x": &at.x, "y": &at.y, "width": &at.w, "height": &at.h}
	for _, attr := range e.Attr {
		if f := fields[attr.Name.Local]; f != nil {
			*f, _ = strconv.ParseFloat(attr.Value, 64)
		}
		if attr.Name.Local == "class" {
			class = attr.Value
		}
	}
	return at, class
}

// randomConfig is a config with every number of services, directors, real servers and
// pools, all called by name and a number.
func randomConfig(rng *rand.Rand, name string) *schema.Config {
	cfg := &schema.Config{}
	for i := range 1 + rng.IntN(4) {
		addr := addrOf(0, i+1)
		cfg.Hosts = append(cfg.Hosts, &schema.Host{Name: fmt.Sprintf("%sh%d", name, i), Address: addr, Interface: name + "eth0"})
	}
	for i := range rng.IntN(4) {
		c := &schema.Cluster{Name: fmt.Sprintf("%sc%d", name, i), Mode: schema.DR, VIPs: []netip.Addr{addrOf(1, i)}}
		c.Directors = cfg.Hosts[:1+rng.IntN(len(cfg.Hosts))]
		for j := range rng.IntN(30) {
			s := &schema.Service{Name: fmt.Sprintf("%ss%d", name, j), VIPs: c.VIPs, Protocol: resource.TCP, Port: uint16(j), Algorithm: "rr"}
			s.RealServers = randomServers(rng, name)
			c.Services = append(c.Services, s)
		}
		for j := range rng.IntN(4) * rng.IntN(9) {
			share := &schema.Share{Name: fmt.Sprintf("%sn%d", name, j), Path: "/" + name, Server: cfg.Hosts[rng.IntN(len(cfg.Hosts))], Address: addrOf(4, j), Clients: []string{"*"}}
			for range rng.IntN(3) {
				share.Mounts = append(share.Mounts, &schema.ShareMount{Target: "/mnt/" + name, Hosts: cfg.Hosts[rng.IntN(len(cfg.Hosts)):]})
			}
			c.Shares = append(c.Shares, share)
		}
		cfg.Clusters = append(cfg.Clusters, c)
	}
	return cfg
}

func addrOf(net, host int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(net), 0, byte(host)}) }

// randomServers are real servers out of a few addresses, so that services share some.
func randomServers(rng *rand.Rand, name string) []schema.RealServer {
	var list []schema.RealServer
	modes := []schema.Mode{schema.DR, schema.NAT, schema.TUN}
	net := byte(rng.IntN(3))
	for i := range rng.IntN(30) {
		list = append(list, schema.RealServer{
			Name: fmt.Sprintf("%sr%d", name, i), Addr: netip.AddrFrom4([4]byte{10, 2, net, byte(i)}), Mode: modes[net], Weight: uint32(rng.IntN(3)),
		})
	}
	for p := range rng.IntN(20) {
		for i := range 1 + rng.IntN(9) {
			list = append(list, schema.RealServer{Pool: fmt.Sprintf("%sp%d", name, p), Addr: netip.AddrFrom4([4]byte{10, 3 + net, byte(p), byte(i)}), Mode: modes[net], Weight: 1})
		}
	}
	return list
}

// Whatever things are called, each format can be read.
func FuzzGraph(f *testing.F) {
	for _, name := range []string{"", "web", `"];`, `\`, "<b>&amp;", "]]>", "#35;`|", "\x1b[2J\x00\n\r", "\xff\xfe", "数据库", strings.Repeat("long", 40)} {
		f.Add(uint64(len(name)), name)
	}
	f.Fuzz(func(t *testing.T, seed uint64, name string) {
		cfg := randomConfig(rand.New(rand.NewPCG(seed, 6)), name)
		checkFormats(t, planner.NewTopology(cfg))
		for _, c := range cfg.Clusters {
			if text := printed(false, func(p *Printer) { p.Explain(planner.Explain(c)) }); strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), unicode.IsControl) {
				t.Errorf("a control character in %q", text)
			}
		}
	})
}
