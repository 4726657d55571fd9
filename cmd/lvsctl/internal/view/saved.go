package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/planfile"
)

// Saved prints where a saved plan comes from, above the plan itself.
func (p *Printer) Saved(f *planfile.File) {
	what, from := "Plan", "the current directory"
	if f.Request.Destroy {
		what = "Plan to destroy"
	}
	if len(f.Request.Paths) > 0 {
		from = strings.Join(f.Request.Paths, ", ")
	}
	if len(f.Request.Hosts) > 0 {
		from += ", for " + strings.Join(f.Request.Hosts, ", ") + " alone"
	}
	if len(f.Request.Overrides) > 0 {
		from += ", with --override " + strings.Join(f.Request.Overrides, " --override ")
	}
	p.Printf("%s\n\n", p.paint(dim, Clean(fmt.Sprintf("%s of %s by %s with lvsctl %s, from %s.", what, moment(f.Created), f.By, f.Lvsctl, from))))
}

// SavedTo says where a plan was saved and what can be done with it.
func (p *Printer) SavedTo(path string) {
	p.Printf("\nSaved to %s. To carry out exactly this plan:\n  lvsctl apply %s\n", Clean(path), Clean(path))
}

// moment is a time as it is shown.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// maxMoves is how much is listed of what moved.
const maxMoves = 20

// Stale prints that a saved plan does not hold any more, and what moved. ConfigSame says
// that the config was looked at and is as it was.
func (p *Printer) Stale(path string, f *planfile.File, moves []planfile.Move, configSame bool) {
	p.Printf("%s the plan in %s is stale: nothing was done\n", p.paint(red, "Error:"), Clean(path))
	p.Printf("  It was made %s. ", moment(f.Created))
	if configSame {
		p.Printf("The config is the same, but the hosts are not as they were:\n")
	} else {
		p.Printf("The config has changed since:\n")
	}
	for _, m := range moves[:min(len(moves), maxMoves)] {
		p.Printf("    %s\n", Clean(moved(m)))
	}
	if more := len(moves) - maxMoves; more > 0 {
		p.Printf("    and %d more\n", more)
	}
	p.Printf("  Make a new plan: lvsctl plan --out %s\n", Clean(strings.Join(append([]string{path}, arguments(f.Request)...), " ")))
}

// arguments are those of a command line that asks for the same.
func arguments(r planfile.Request) []string {
	var args []string
	if r.Destroy {
		args = append(args, "--destroy")
	}
	for _, name := range r.Hosts {
		args = append(args, "--host", name)
	}
	for _, name := range r.Overrides {
		args = append(args, "--override", name)
	}
	for _, file := range r.VarFiles {
		args = append(args, "--var-file", file)
	}
	for _, v := range r.Variables {
		if !v.Env {
			args = append(args, "--var", v.Name+"="+v.Value)
		}
	}
	return append(args, r.Paths...)
}

// moved says what moved, in one line.
func moved(m planfile.Move) string {
	switch m.What {
	case planfile.FileChanged:
		return m.Name + " has changed"
	case planfile.FileAdded:
		return m.Name + " is new"
	case planfile.FileRemoved:
		return m.Name + " is no longer part of it"
	case planfile.VariableMoved:
		return "variable " + m.Name + " has another value"
	case planfile.MeaningMoved:
		return "the files are the same, but this version of lvsctl makes something else of them"
	case planfile.ObjectMoved:
		return m.Name + ": " + m.Key.String() + movedTo(m)
	case planfile.LiveMoved:
		return m.Name + ": objects that the plan leaves as they are"
	case planfile.LedgerMoved:
		return m.Name + ": what its ledger says of objects that the plan leaves as they are"
	case planfile.OrderMoved:
		return "the order in which the changes have to be made"
	}
	panic(fmt.Sprintf("unknown move %d", m.What))
}

// movedTo says how an object moved.
func movedTo(m planfile.Move) string {
	switch {
	case m.Then == m.Now:
		return ": the same, but its ledger says something else of it"
	case m.Now == nil:
		return ": gone"
	case m.Then == nil:
		return ": was not there"
	default:
		return differences(m.Then, m.Now)
	}
}
