package view

import (
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/planfile"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// savedFile is a saved plan that was asked for with everything there is.
func savedFile() *planfile.File {
	return &planfile.File{
		Lvsctl: "1.0", Created: clock(), By: "ann@desk",
		Request: planfile.Request{
			Paths: []string{"web", "hosts.hcl"}, Hosts: []string{"lb1", "web1"}, Destroy: true, VarFiles: []string{"x.vars"}, Overrides: []string{"capacity", "vips"},
			Variables: []planfile.Variable{{Name: "size", Value: "5", Env: true}, {Name: "weight", Value: "1"}},
		},
	}
}

// savedPlans prints the headers of saved plans, and where one was saved.
func savedPlans(p *Printer) {
	p.Saved(&planfile.File{Lvsctl: "1.0", Created: clock(), By: "ann@desk"})
	p.Saved(savedFile())
	p.SavedTo("change.plan")
}

// stale prints saved plans from which everything moved that can.
func stale(p *Printer) {
	p.Stale("change.plan", savedFile(), []planfile.Move{
		{What: planfile.FileChanged, Name: "web/a.hcl"}, {What: planfile.FileAdded, Name: "web/b.hcl"}, {What: planfile.FileRemoved, Name: "web/c.hcl"},
		{What: planfile.VariableMoved, Name: "weight"},
	}, false)
	p.Stale("change.plan", &planfile.File{Created: clock()}, []planfile.Move{{What: planfile.MeaningMoved}}, false)
	p.Stale("change.plan", savedFile(), append(objects(one, nil, nil, one, one, weighing(one, 9), one, one),
		planfile.Move{What: planfile.LiveMoved, Name: "lb1"}, planfile.Move{What: planfile.LedgerMoved, Name: "web1"}, planfile.Move{What: planfile.OrderMoved}), true)
	p.Stale("many.plan", savedFile(), objects(make([]resource.Resource, 2*maxMoves)...), true)
	p.Stale("more.plan", savedFile(), objects(make([]resource.Resource, 2*maxMoves+10)...), true)
}

// objects are moves from each first state to the second.
func objects(states ...resource.Resource) []planfile.Move {
	var moves []planfile.Move
	for i := 0; i < len(states); i += 2 {
		moves = append(moves, planfile.Move{What: planfile.ObjectMoved, Name: "lb1", Key: one.Key(), Then: states[i], Now: states[i+1]})
	}
	return moves
}

// What a file says can no more repaint the terminal than what a host says.
func TestHostileFile(t *testing.T) {
	f := savedFile()
	f.By, f.Lvsctl, f.Request.Paths, f.Request.Hosts, f.Request.VarFiles, f.Request.Overrides = evil, evil, []string{evil}, []string{evil}, []string{evil}, []string{evil}
	moves := []planfile.Move{{What: planfile.FileChanged, Name: evil}, {What: planfile.ObjectMoved, Name: evil, Key: sysctl(evil, "").Key(), Then: sysctl(evil, "1"), Now: sysctl(evil, evil)}}
	got := printed(false, func(p *Printer) { p.Saved(f); p.SavedTo(evil); p.Stale(evil, f, moves, true) })
	if strings.ContainsAny(got, "\x1b\r\x00\u009b") {
		t.Errorf("control characters are not made visible:\n%q", got)
	}
}
