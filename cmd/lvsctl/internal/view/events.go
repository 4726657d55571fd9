package view

import (
	"encoding/json"
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
	Plan      *PlanDocument    `json:"plan,omitempty"`
	Summary   *planner.Summary `json:"summary,omitempty"`

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

// StepStarted implements the fleet's Progress.
func (e *Events) StepStarted(s resource.Step) {
	e.write(Event{Type: "apply_start", Level: "info", Message: s.String(), Host: s.Host, Step: s.Name, Changes: len(s.Changes)})
}

// StepDone implements the fleet's Progress.
func (e *Events) StepDone(s resource.Step, out resource.Outcome, err error) {
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
}

func (e *Events) write(ev Event) {
	ev.Timestamp = e.now().UTC()
	_ = e.enc.Encode(ev)
}
