package view

import (
	"encoding/json"
	"io"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// formatVersion is that of all JSON output. Additions are minor versions, everything
// else is a major one.
const formatVersion = "1.0"

// WriteJSON writes one indented document.
func WriteJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// A PlanDocument is a plan as JSON.
type PlanDocument struct {
	FormatVersion string            `json:"format_version"`
	Timestamp     time.Time         `json:"timestamp"`
	Hosts         []HostDocument    `json:"hosts"`
	LeftOut       []planner.LeftOut `json:"left_out,omitempty"`
	Waves         []planner.Wave    `json:"waves,omitempty"` // none: all is done at once
	Summary       planner.Summary   `json:"summary"`
	Drift         []DriftJSON       `json:"drift"`
	Foreign       []ObjectJSON      `json:"foreign"`
	Diagnostics   []Diagnostic      `json:"diagnostics"`
	Errored       bool              `json:"errored"`
}

// A HostDocument is one host's part of a plan.
type HostDocument struct {
	Name    string       `json:"name"`
	Changes []ChangeJSON `json:"changes"`
}

// A ChangeJSON is one change. Address is unique in the plan. Actions is a list so that
// a search for "delete" finds all that is destructive.
type ChangeJSON struct {
	Address string               `json:"address"`
	Kind    resource.Kind        `json:"kind"`
	Step    string               `json:"step"`
	Actions []string             `json:"actions"`
	Before  resource.Resource    `json:"before"`
	After   resource.Resource    `json:"after"`
	Reason  resource.Reason      `json:"reason"`
	Range   resource.Source      `json:"range,omitzero"`
	Cuts    resource.Connections `json:"cuts,omitzero"`
	Drain   string               `json:"drain,omitempty"` // how long connections may take to end, as in "30s"
	Wave    int                  `json:"wave,omitempty"`  // which of the plan's waves it is in, from 1
}

// A DriftJSON is an object that is not as lvsctl left it.
type DriftJSON struct {
	Host    string            `json:"host"`
	Address string            `json:"address"`
	Kind    resource.Kind     `json:"kind"`
	Left    resource.Resource `json:"left"`
	Found   resource.Resource `json:"found"` // null: gone
}

// An ObjectJSON is an object on a host.
type ObjectJSON struct {
	Host    string            `json:"host"`
	Address string            `json:"address"`
	Kind    resource.Kind     `json:"kind"`
	State   resource.Resource `json:"state"`
}

// PlanJSON converts a plan. A nil plan is one that could not be made.
func PlanJSON(plan *planner.Plan, diags hcl.Diagnostics, now time.Time) PlanDocument {
	doc := PlanDocument{
		FormatVersion: formatVersion, Timestamp: now.UTC(), Hosts: []HostDocument{},
		Drift: []DriftJSON{}, Foreign: []ObjectJSON{},
		Diagnostics: DiagnosticsJSON(diags), Errored: plan == nil || diags.HasErrors(),
	}
	if plan == nil {
		return doc
	}
	doc.Summary, doc.LeftOut, doc.Waves = plan.Summary(), plan.LeftOut, plan.Waves
	for _, h := range byHost(plan) {
		host := HostDocument{Name: h.name}
		for _, s := range h.steps {
			for _, c := range s.Changes {
				host.Changes = append(host.Changes, changeJSON(s, c))
			}
		}
		doc.Hosts = append(doc.Hosts, host)
	}
	for _, h := range plan.Hosts {
		for _, d := range h.Drift {
			doc.Drift = append(doc.Drift, DriftJSON{h.Name, address(h.Name, d.Left.Key()), d.Left.Key().Kind, d.Left, d.Found})
		}
		for _, r := range h.Foreign {
			doc.Foreign = append(doc.Foreign, ObjectJSON{h.Name, address(h.Name, r.Key()), r.Key().Kind, r})
		}
	}
	return doc
}

func changeJSON(s resource.Step, c resource.Change) ChangeJSON {
	actions := []string{c.Action.String()}
	drain := ""
	switch {
	case c.Action == resource.Replace:
		actions = []string{"delete", "create"}
	case c.Drain.Within > 0:
		actions = []string{"drain", "delete"}
		drain = span(c.Drain.Within)
	}
	return ChangeJSON{
		Address: address(s.Host, c.Key()), Kind: c.Key().Kind, Step: s.Name, Actions: actions,
		Before: c.Before, After: c.After, Reason: c.Reason, Range: c.Source, Cuts: c.Cuts, Drain: drain, Wave: s.Wave,
	}
}

// address names an object in the whole plan.
func address(host string, key resource.Key) string { return host + "/" + key.String() }

// A DriftDocument is what drift finds, as JSON.
type DriftDocument struct {
	FormatVersion string       `json:"format_version"`
	Timestamp     time.Time    `json:"timestamp"`
	Hosts         []string     `json:"hosts"`
	Drift         []DriftJSON  `json:"drift"`
	Rebooted      []Rebooted   `json:"rebooted"`
	Pending       int          `json:"pending"`
	Foreign       []ObjectJSON `json:"foreign"`
}

// Rebooted is a host that was rebooted since the last apply, and how many objects of ours
// went with that.
type Rebooted struct {
	Host    string `json:"host"`
	Objects int    `json:"objects"`
}

// NewDriftDocument converts the drift that a plan saw.
func NewDriftDocument(plan *planner.Plan, now time.Time) DriftDocument {
	full := PlanJSON(plan, nil, now)
	doc := DriftDocument{formatVersion, full.Timestamp, []string{}, full.Drift, []Rebooted{}, len(plan.Pending()), full.Foreign}
	for _, h := range plan.Hosts {
		doc.Hosts = append(doc.Hosts, h.Name)
	}
	for _, h := range plan.Rebooted() {
		doc.Rebooted = append(doc.Rebooted, Rebooted{h.Name, h.Rebooted})
	}
	return doc
}

// A ShowDocument is what show prints, as JSON.
type ShowDocument struct {
	FormatVersion string     `json:"format_version"`
	Timestamp     time.Time  `json:"timestamp"`
	Hosts         []ShowHost `json:"hosts"`
}

// A ShowHost is one host with what lvsctl keeps there.
type ShowHost struct {
	Name    string         `json:"name"`
	Facts   resource.Facts `json:"facts"`
	Last    *LastApply     `json:"last_apply,omitempty"` // that the host remembers
	Objects []ShowObject   `json:"objects"`
}

// A LastApply is the last apply that went to a host.
type LastApply struct {
	Who       string          `json:"who"` // user@machine
	Command   string          `json:"command"`
	Since     time.Time       `json:"since"`
	Ending    resource.Ending `json:"ending,omitempty"` // how it went; none: it was cut off, or goes on
	Note      string          `json:"note,omitempty"`   // why it was reverted or kept
	Overrides []string        `json:"overrides"`        // policies that were overridden
}

func lastApplyJSON(last *resource.Last) *LastApply {
	if last == nil {
		return nil
	}
	a := last.Apply
	return &LastApply{a.Who, a.Command, a.Since.UTC(), last.Ending, last.Note, append([]string{}, a.Overrides...)}
}

// A ShowObject is an object of ours, as lvsctl left it and as it is.
type ShowObject struct {
	Address     string               `json:"address"`
	Kind        resource.Kind        `json:"kind"`
	Step        string               `json:"step"`
	Left        resource.Resource    `json:"left"`
	Found       resource.Resource    `json:"found"` // null: gone
	Prior       resource.Resource    `json:"prior"` // null: nothing stood there before
	Connections resource.Connections `json:"connections,omitzero"`
}

// ShowJSON converts host states.
func ShowJSON(hosts []HostState, now time.Time) ShowDocument {
	doc := ShowDocument{formatVersion, now.UTC(), []ShowHost{}}
	for _, h := range hosts {
		host := ShowHost{h.Name, h.Facts, lastApplyJSON(h.Ledger.Last), []ShowObject{}}
		for _, claim := range h.Ledger.Sorted() {
			key := claim.Want.Key()
			host.Objects = append(host.Objects, ShowObject{
				address(h.Name, key), key.Kind, claim.Step, claim.Want, h.Live.Get(key), claim.Prior, h.Connections[key],
			})
		}
		doc.Hosts = append(doc.Hosts, host)
	}
	return doc
}
