package view

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Events writes an apply as JSON lines.
type Events struct {
	enc *json.Encoder
	now func() time.Time
}

// NewEvents returns a writer of events.
func NewEvents(w io.Writer, now func() time.Time) *Events {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &Events{enc, now}
}

// An Event is one line.
type Event struct {
	Type      string           `json:"type"`
	Level     string           `json:"level"`
	Message   string           `json:"message"`
	Timestamp time.Time        `json:"timestamp"`
	Host      string           `json:"host,omitempty"`
	Step      string           `json:"step,omitempty"`
	Changes   int              `json:"changes,omitempty"` // of the step; those made, where it failed
	Done      int              `json:"done,omitempty"`    // steps, in apply_progress
	Total     int              `json:"total,omitempty"`   // of how many
	Left      uint64           `json:"left,omitempty"`    // connections, while or after they are waited for
	AtMost    float64          `json:"at_most,omitempty"` // seconds for which they are waited for
	Plan      *PlanDocument    `json:"plan,omitempty"`
	Summary   *planner.Summary `json:"summary,omitempty"`

	Probe      *ProbeEvent `json:"probe,omitempty"`
	Diagnostic *Diagnostic `json:"diagnostic,omitempty"`
}

// Say writes an event of the given type and level ("info", "warn" or "error").
func (e *Events) Say(kind, level, message string) {
	e.write(Event{Type: kind, Level: level, Message: message})
}

// Diagnostics writes what there is to say of the config and the hosts, one event each.
func (e *Events) Diagnostics(diags hcl.Diagnostics) {
	for i, d := range DiagnosticsJSON(diags) {
		level := "error"
		if diags[i].Severity == hcl.DiagWarning {
			level = "warn"
		}
		e.write(Event{Type: "diagnostic", Level: level, Message: d.Summary, Diagnostic: &d})
	}
}

// Plan writes the plan that is going to be carried out, with what there is to warn of.
func (e *Events) Plan(plan *planner.Plan, warnings hcl.Diagnostics) {
	doc := PlanJSON(plan, warnings, e.now())
	e.write(Event{Type: "plan", Level: "info", Message: "plan made", Plan: &doc})
}

// Applied writes the last word of an apply.
func (e *Events) Applied(plan *planner.Plan) {
	s := plan.Summary()
	e.write(Event{Type: "summary", Level: "info", Message: "done, and nothing is left to do", Summary: &s})
}

// StepEvents writes how the steps of an apply go.
type StepEvents struct {
	*Events
	done, total int
	told        time.Time // when it was last told how far it is
}

// Steps returns what tells of an apply that begins now.
func (e *Events) Steps(total int) *StepEvents {
	return &StepEvents{Events: e, total: total, told: e.now()}
}

// StepStarted implements the fleet's Progress.
func (e *StepEvents) StepStarted(s resource.Step) {
	e.write(Event{Type: "apply_start", Level: "info", Message: s.String(), Host: s.Host, Step: s.Name, Changes: len(s.Changes)})
}

// StepDone implements the fleet's Progress.
func (e *StepEvents) StepDone(s resource.Step, out resource.Outcome, err error) {
	ev := Event{Type: "apply_complete", Level: "info", Message: s.String(), Host: s.Host, Step: s.Name}
	for i := range s.Changes {
		if out.TookEffect(i) {
			ev.Changes++
		}
	}
	if err != nil {
		ev.Type, ev.Level, ev.Message = "apply_errored", "error", err.Error()
	}
	e.write(ev)
	for _, notice := range out.Notices {
		e.write(Event{Type: "apply_notice", Level: "warn", Message: notice, Host: s.Host, Step: s.Name})
	}
	e.done++
	if err == nil {
		e.howFar()
	}
}

// Draining implements the fleet's Progress. While nothing but the time changes it is told
// once a second at the most.
func (e *StepEvents) Draining(w resource.Wait) {
	now := e.now()
	if w.Phase == resource.Waiting && now.Sub(e.told) < notable {
		return
	}
	e.told = now
	ev := Event{
		Type: "apply_progress", Level: "info", Message: w.Step.String() + ": " + waitWords(w), Host: w.Step.Host, Step: w.Step.Name,
		Done: e.done, Total: e.total, Left: w.Left, AtMost: w.AtMost.Seconds(),
	}
	if w.Phase == resource.Over && w.Left > 0 {
		ev.Level = "warn"
	}
	e.write(ev)
}

// howFar tells how many steps are done, once a second at the most.
func (e *StepEvents) howFar() {
	if now := e.now(); now.Sub(e.told) >= notable {
		e.told = now
		e.write(Event{Type: "apply_progress", Level: "info", Message: fmt.Sprintf("%d of %d steps done", e.done, e.total), Done: e.done, Total: e.total})
	}
}

// End implements the command's progress. There is nothing to take away.
func (*StepEvents) End() {}

func (e *Events) write(ev Event) {
	ev.Timestamp = e.now().UTC()
	_ = e.enc.Encode(ev)
}
