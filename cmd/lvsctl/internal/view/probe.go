package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// NothingToProbe says that there are no probes.
func (p *Printer) NothingToProbe() {
	p.Printf("%s the config has no probe blocks.\n", p.paint(bold, "Nothing to probe:"))
}

// Probes prints what became of probes, one line each, and how many passed.
func (p *Printer) Probes(results []planner.Probed) {
	passed, failed := 0, 0
	for i := range results {
		r := &results[i]
		p.probe(r)
		if r.Passed() {
			passed++
		} else if r.Failed() {
			failed++
		}
	}
	tally := fmt.Sprintf("%d passed, %d failed", passed, failed)
	if skipped := len(results) - passed - failed; skipped > 0 {
		tally += fmt.Sprintf(", %d skipped", skipped)
	}
	p.Printf("%s %s.\n", p.paint(bold, "Probes:"), tally)
}

// probe prints one probe.
func (p *Printer) probe(r *planner.Probed) {
	mark, note := p.paint(green, "✓"), p.paint(dim, shortly(r.Took))
	switch {
	case r.Skipped:
		mark, note = p.paint(yellow, "-"), p.paint(dim, "skipped: "+r.Host()+" is not among the hosts of this run")
	case r.Failed():
		mark, note = p.paint(red, "✗"), p.paint(red, cleanLine(r.Failure))
	}
	if r.Tries > 1 {
		note += p.paint(dim, fmt.Sprintf("  %d tries", r.Tries))
	}
	p.Printf("%s %s  %s  %s  %s\n", mark, p.paint(bold, asker(r.Probe)), probeName(r), Clean(r.Try.String()), note)
}

// cleanLine is Clean for a text whose lines are to be one.
func cleanLine(text string) string { return Clean(strings.ReplaceAll(text, "\n", "; ")) }

// probeName names a probe with its cluster, as steps are named.
func probeName(r *planner.Probed) string { return r.Cluster + ": " + r.Name }

// asker is the host that asks.
func asker(p *schema.Probe) string {
	if p.From == nil {
		return "this machine"
	}
	return p.From.Name
}

// shortly writes how long something took.
func shortly(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// probed prints how it can be seen whether a cluster works.
func (p *Printer) probed(c *schema.Cluster) {
	if len(c.Probes) == 0 {
		return
	}
	p.Printf("\n")
	p.paragraph("", "What lvsctl probe asks, to see whether it works", bold)
	for _, probe := range c.Probes {
		p.paragraph("  ", fmt.Sprintf("%s: %s from %s", probe.Name, probe.Try, asker(probe)), plain)
	}
}

// A ProbeJSON is a probe of a cluster.
type ProbeJSON struct {
	Name string `json:"name"`
	From string `json:"from,omitempty"` // the host that asks, none is the machine that lvsctl runs on
	Asks string `json:"asks"`
}

func probesJSON(c *schema.Cluster) []ProbeJSON {
	list := make([]ProbeJSON, len(c.Probes))
	for i, p := range c.Probes {
		list[i] = ProbeJSON{p.Name, p.Host(), p.Try.String()}
	}
	return list
}

// A ProbeEvent is a probe in an event.
type ProbeEvent struct {
	Cluster string `json:"cluster"`
	Name    string `json:"name"`
	Asks    string `json:"asks"`              // the URL, "tcp HOST:PORT", or the program with its arguments
	Tries   int    `json:"tries"`             // that were made; 0 where it was skipped
	TookMS  int64  `json:"took_ms"`           // the last try, in milliseconds
	Failure string `json:"failure,omitempty"` // of the last try

	Range resource.Source `json:"range"`
}

// Probes writes what became of probes, one event each.
func (e *Events) Probes(results []planner.Probed) {
	for i := range results {
		r := &results[i]
		ev := Event{Type: "probe_complete", Level: "info", Message: probeName(r) + ": passed", Host: r.Host(), Probe: &ProbeEvent{
			Cluster: r.Cluster, Name: r.Name, Asks: r.Try.String(), Tries: r.Tries, TookMS: r.Took.Milliseconds(), Failure: r.Failure,
			Range: schema.SourceOf(r.Range),
		}}
		switch {
		case r.Skipped:
			ev.Type, ev.Level, ev.Message = "probe_skipped", "warn", probeName(r)+": "+r.Host()+" is not among the hosts of this run"
		case r.Failed():
			ev.Type, ev.Level, ev.Message = "probe_errored", "error", probeName(r)+": "+r.Failure
		}
		e.write(ev)
	}
}
