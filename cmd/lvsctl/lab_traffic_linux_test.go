package main

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/rogpeppe/go-internal/testscript"
)

// Commands of lab scripts that serve and ask:
//
//	serve HOST ADDR TEXT                   starts a web server
//	serve-udp HOST ADDR TEXT               starts a server that answers datagrams
//	serve-echo HOST ADDR                   starts a TCP server that sends back what it gets
//	fetch HOST URL N [from SOURCES]        fetches N times, prints "BODY from SOURCE"
//	ask HOST ADDR:PORT N [from SOURCES]    the same with datagrams
//	share HOST URL N [from SOURCES] [sticky] [tolerance=T%] BODY=PART...
//	                                       compares how often each body comes back
//	transfer HOST ADDR:PORT SIZE           sends random bytes to serve-echo and back
//	load HOST URL RATE                     fetches RATE times a second from now on
//	unload [silence=TIME]                  stops that; no request may have failed, or some
//	                                       may, but never all for longer than TIME
//
// URL is http://… or udp://ADDR:PORT. SOURCES are ADDR, ADDR-ADDR, ADDR:PORT or
// ADDR:PORT-PORT, between commas; they ask in turn.

// How long to wait for what should not come.
const (
	noAnswer   = time.Second
	noTransfer = 2 * time.Second
)

func (l *lab) serve(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 3, "serve HOST ADDR TEXT")
	l.at(ts, args[0]).Serve(topo.HTTP(args[1], args[2]))
}

func (l *lab) serveFiles(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 3, "serve-files HOST ADDR DIRECTORY")
	l.at(ts, args[0]).Serve(topo.Files(args[1], args[2]))
}

func (l *lab) serveUDP(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 3, "serve-udp HOST ADDR TEXT")
	l.at(ts, args[0]).Serve(topo.UDP(args[1], args[2]))
}

func (l *lab) serveEcho(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 2, "serve-echo HOST ADDR")
	l.at(ts, args[0]).Serve(topo.Echo(args[1]))
}

func (l *lab) fetch(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, len(args) >= 3, "[!] fetch HOST URL N [from SOURCES]")
	q, rest := l.question(ts, args)
	need(ts, len(rest) == 0, "[!] fetch HOST URL N [from SOURCES]")
	q.askAll(ts, neg)
}

func (l *lab) ask(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, len(args) >= 3, "[!] ask HOST ADDR:PORT N [from SOURCES]")
	q, rest := l.question(ts, args)
	need(ts, len(rest) == 0, "[!] ask HOST ADDR:PORT N [from SOURCES]")
	q.url = udpScheme + q.url
	if neg {
		q.options = append(q.options, topo.Timeout(noAnswer))
	}
	q.askAll(ts, neg)
}

// question is what a host asks again and again.
type question struct {
	host    *topo.Host
	url     string
	times   int
	sources []netip.AddrPort // in turn; none is what the route suggests
	options []topo.ClientOption
}

const udpScheme = "udp://"

// question reads HOST URL N [from SOURCES] and returns what follows.
func (l *lab) question(ts *testscript.TestScript, args []string) (q question, rest []string) {
	q = question{host: l.at(ts, args[0]), url: args[1]}
	var err error
	q.times, err = strconv.Atoi(args[2])
	ts.Check(err)
	rest = args[3:]
	if len(rest) >= 2 && rest[0] == "from" {
		q.sources, err = sources(rest[1])
		ts.Check(err)
		rest = rest[2:]
	}
	return q, rest
}

// source is where the question is asked from the i-th time; the zero value is what the
// route suggests.
func (q question) source(i int) (source netip.AddrPort) {
	if len(q.sources) > 0 {
		source = q.sources[i%len(q.sources)]
	}
	return source
}

func (q question) ask(i int) topo.Response {
	opts := append(slices.Clone(q.options), topo.From(q.source(i)))
	if addr, ok := strings.CutPrefix(q.url, udpScheme); ok {
		return q.host.Datagram(addr, opts...)
	}
	return q.host.Get(q.url, opts...)
}

// askAll prints the answers; with neg there must be none.
func (q question) askAll(ts *testscript.TestScript, neg bool) {
	for i := range q.times {
		r := q.ask(i)
		if (r.Err != nil) != neg {
			ts.Fatalf("%s: %s", q.url, r)
		}
		if !neg {
			fmt.Fprintf(ts.Stdout(), "%s from %s\n", r.Body, r.Source)
		}
	}
}

func (l *lab) share(ts *testscript.TestScript, neg bool, args []string) {
	const usage = "share HOST URL N [from SOURCES] [sticky] [tolerance=T%] BODY=PART..."
	need(ts, !neg && len(args) >= 4, usage)
	q, rest := l.question(ts, args)
	want, err := parseShares(rest)
	if err == nil {
		err = want.possible(q.times, len(q.sources))
	}
	if err != nil {
		ts.Fatalf("%v\nusage: %s", err, usage)
	}
	var got tally
	for i := range q.times {
		r := q.ask(i)
		if r.Err != nil {
			ts.Fatalf("%s: request %d: %s", q.url, i+1, r)
		}
		got.add(q.source(i), r.Source, r.Body)
	}
	fmt.Fprint(ts.Stdout(), got)
	if err := want.check(got); err != nil {
		ts.Fatalf("share: %v\n%s", err, got)
	}
}

func (l *lab) transfer(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, len(args) == 3, "[!] transfer HOST ADDR:PORT SIZE")
	size, err := strconv.Atoi(args[2])
	ts.Check(err)
	var opts []topo.ClientOption
	if neg {
		opts = append(opts, topo.Timeout(noTransfer))
	}
	began := time.Now()
	err = l.at(ts, args[0]).Transfer(args[1], size, opts...)
	if (err != nil) != neg {
		ts.Fatalf("%s bytes to %s: %v", args[2], args[1], err)
	}
	if neg {
		ts.Logf("%v", err)
	} else {
		ts.Logf("%d bytes came back in %v", size, time.Since(began).Round(time.Millisecond))
	}
}

// patience is how long a client of a load waits for its answer. The machine that answers is
// emulated on a busy one; what is lost stays lost for longer than that.
const patience = 10 * time.Second

func (l *lab) startLoad(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 3 && l.load == nil, "load HOST URL RATE, once")
	rate, err := strconv.ParseFloat(args[2], 64)
	ts.Check(err)
	l.load = l.at(ts, args[0]).Load(args[1], topo.Rate(rate), topo.Timeout(patience))
}

func (l *lab) stopLoad(ts *testscript.TestScript, neg bool, args []string) {
	const usage = "unload [silence=TIME], after load"
	need(ts, !neg && len(args) <= 1 && l.load != nil, usage)
	var silence time.Duration
	if len(args) == 1 {
		value, ok := strings.CutPrefix(args[0], "silence=")
		need(ts, ok, usage)
		var err error
		silence, err = time.ParseDuration(value)
		ts.Check(err)
	}
	r := l.load.Stop()
	l.load = nil
	ts.Logf("%d requests, %d failed, %v, no answer for %v at most", r.Requests, r.Failed, r.Bodies, r.Silence)
	switch {
	case r.Requests == r.Failed, silence == 0 && r.Failed > 0:
		ts.Fatalf("%d of %d requests failed: %v", r.Failed, r.Requests, r.Errors)
	case silence > 0 && r.Silence > silence:
		ts.Fatalf("there was no answer for %v: %v", r.Silence, r.Errors)
	}
	for _, body := range slices.Sorted(maps.Keys(r.Bodies)) {
		fmt.Fprintln(ts.Stdout(), body)
	}
}
