package schema

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/zclconf/go-cty/cty"
)

// A pool may have tens of thousands of servers. Written out as plain strings they are read
// from the text one by one, and other expressions from the syntax tree, without the value of
// the whole list.

// pool reads one pool block.
func (c *content) pool(d *clusterDecl, in reading) *group {
	p := c.inner(poolSpec, in.block, in.scope)
	g := &group{content: p, port: p.uint16("port")}
	defaults := RealServer{Pool: p.label(), Port: g.port}
	defaults.Weight, _ = p.number("weight")
	defaults.Mode, defaults.Tunnel = p.way(d)
	attr := p.attrs["servers"]
	if attr == nil {
		return g
	}
	if list, ok := attr.Expr.(*listExpr); ok {
		g.servers = p.plainEntries(list, defaults)
		return g
	}
	if entries, diags := hcl.ExprList(attr.Expr); !diags.HasErrors() {
		g.servers = make([]RealServer, len(entries))
		for i, expr := range entries {
			g.servers[i] = p.entryOf(expr, defaults)
		}
		return g
	}
	list, _ := p.strings("servers")
	for _, s := range list {
		g.servers = append(g.servers, p.entry(attr.Expr, s, defaults))
	}
	return g
}

// plainEntries reads the servers of a pool from the text of their list. One that is wrong is
// read again from its expression.
func (c *content) plainEntries(list *listExpr, defaults RealServer) []RealServer {
	servers := make([]RealServer, 0, list.n)
	for at, text := range list.strings() {
		i := len(servers)
		servers = append(servers, defaults)
		servers[i].Source = resource.Source{File: list.SrcRange.Filename, Line: at.Line}
		if parseEntry(text, &servers[i]) != nil {
			servers[i] = c.entry(list.fill().Exprs[i], text, defaults)
		}
	}
	return servers
}

// entryOf reads one server of a pool from its expression.
func (c *content) entryOf(expr hcl.Expression, defaults RealServer) RealServer {
	v, diags := c.scope.eval(expr)
	for _, d := range diags {
		c.addAlike(c, d)
	}
	if !v.IsKnown() {
		c.unknown++
		return RealServer{}
	}
	if v.IsNull() || v.Type() != cty.String {
		c.failAlike(c, expr.Range(), "Wrong type of value", `A server of a pool is a string such as "10.0.0.2:8080 weight 5", and this is %s.`, describe(v))
		return RealServer{}
	}
	return c.entry(expr, v.AsString(), defaults)
}

// entry reads one server of a pool from its text.
func (c *content) entry(expr hcl.Expression, text string, defaults RealServer) RealServer {
	at := expr.Range()
	server := defaults
	server.Source = SourceOf(at)
	if bad := parseEntry(text, &server); bad != nil {
		c.failAlike(c, bad.within(expr, text), bad.summary, "%s", bad.detail)
		return RealServer{}
	}
	return server
}

// A badEntry says what is wrong with which part of a pool's entry.
type badEntry struct {
	part            string // a part of the text, by its place in memory and not by its letters
	offset          int    // of part in the text
	summary, detail string
}

// parseEntry reads a server written as ADDRESS[:PORT] [weight N]. What is missing stays
// as it is in server.
func parseEntry(text string, server *RealServer) *badEntry {
	word, rest, offset := cutWord(text, 0)
	if bad := parseEndpoint(word, offset-len(word), server); bad != nil {
		return bad
	}
	for weighed := false; ; weighed = true {
		word, rest, offset = cutWord(rest, offset)
		start := offset - len(word)
		if word == "" {
			return nil
		}
		if word != "weight" || weighed {
			return &badEntry{word, start, "Invalid pool entry", fmt.Sprintf(`%q does not belong here. An entry is an address, with a port or without, and then a weight or none, as in "10.0.0.2:8080 weight 5".`, word)}
		}
		word, rest, offset = cutWord(rest, offset)
		weight, err := strconv.ParseUint(word, 10, 32)
		if err != nil || weight > maxWeight {
			return badNumber(word, offset-len(word), "weight", 0, maxWeight)
		}
		server.Weight = uint32(weight)
	}
}

// cutWord takes the first word off a text that begins at an offset. The offset it
// returns is where that word ends.
func cutWord(text string, offset int) (word, rest string, end int) {
	start := 0
	for start < len(text) && isBlank(text[start]) {
		start++
	}
	i := start
	for i < len(text) && !isBlank(text[i]) {
		i++
	}
	return text[start:i], text[i:], offset + i
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// parseEndpoint reads ADDRESS or ADDRESS:PORT, where an IPv6 address before a port is
// in brackets.
func parseEndpoint(word string, offset int, server *RealServer) *badEntry {
	host, port, hasPort := cutPort(word)
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return badNumber(port, offset+len(word)-len(port), "port", 1, maxPort)
		}
		server.Port = uint16(n)
	}
	addr, problem := parseAddr(host)
	if problem != "" {
		return &badEntry{word, offset, "Invalid address", problem}
	}
	server.Addr = addr
	return nil
}

// badNumber says that a word is not the number it should be.
func badNumber(word string, offset int, noun string, least, most int) *badEntry {
	detail := fmt.Sprintf("A %s must be a whole number from %d to %d, and this is %q.", noun, least, most, word)
	if word == "" {
		detail = fmt.Sprintf("The %s is missing: a whole number from %d to %d.", noun, least, most)
	}
	return &badEntry{word, offset, "Invalid number", detail}
}

// cutPort takes the port off an address. A colon belongs to a port after brackets, or
// if it is the only one.
func cutPort(word string) (host, port string, ok bool) {
	if strings.HasPrefix(word, "[") {
		if inner, after, closed := strings.Cut(word[1:], "]"); closed {
			if after == "" {
				return inner, "", false
			}
			if after[0] == ':' {
				return inner, after[1:], true
			}
		}
		return word, "", false
	}
	i := strings.IndexByte(word, ':')
	if i < 0 || strings.IndexByte(word[i+1:], ':') >= 0 {
		return word, "", false
	}
	if _, err := netip.ParseAddr(word); err == nil {
		return word, "", false
	}
	return word[:i], word[i+1:], true
}

// within is where the bad part is written: in the text of a plain string that part, of
// any other expression all.
func (b *badEntry) within(expr hcl.Expression, text string) hcl.Range {
	r := expr.Range()
	_, plain := literal(expr)
	sameLength := r.End.Byte-r.Start.Byte == len(text)+2 && r.End.Column-r.Start.Column == len(text)+2
	if !plain || !sameLength || b.part == "" {
		return r
	}
	r.Start.Byte += 1 + b.offset
	r.Start.Column += 1 + b.offset
	r.End = r.Start
	r.End.Byte += len(b.part)
	r.End.Column += len(b.part)
	return r
}
