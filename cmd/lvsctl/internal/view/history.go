package view

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// History prints applies, one a line, and below those that went wrong why.
func (p *Printer) History(list []resource.Past) {
	if len(list) == 0 {
		p.Printf("No apply is known.\n")
		return
	}
	how, who, where := 0, 0, 0
	for _, past := range list {
		how, who = max(how, utf8.RuneCountInString(outcome(past))), max(who, utf8.RuneCountInString(Clean(past.Apply.Who)))
		where = max(where, utf8.RuneCountInString(Clean(strings.Join(past.Apply.Hosts, ", "))))
	}
	for _, past := range list {
		a := past.Apply
		p.Printf("%s  %s  %s  %s  %s\n", moment(a.Since), p.paint(outcomeColor(past), pad(outcome(past), how)),
			pad(Clean(a.Who), who), pad(Clean(strings.Join(a.Hosts, ", ")), where), Clean(a.Command+a.Overriding()))
		for line := range strings.Lines(past.Note) {
			p.Printf("  %s\n", p.paint(dim, Clean(strings.TrimSpace(line))))
		}
	}
}

// outcome is how an apply ended, in a word or two.
func outcome(p resource.Past) string {
	switch {
	case p.Running:
		return "under way"
	case p.Ending == "":
		return "cut off"
	}
	return string(p.Ending)
}

// outcomeColor is that of how an apply ended.
func outcomeColor(p resource.Past) look {
	switch p.Ending {
	case resource.Applied, resource.Destroyed:
		return green
	case resource.Reverted:
		return yellow
	case "":
		if p.Running {
			return bold
		}
	}
	return red
}

// A HistoryDocument is a history, as JSON.
type HistoryDocument struct {
	FormatVersion string         `json:"format_version"`
	Timestamp     time.Time      `json:"timestamp"`
	Applies       []HistoryApply `json:"applies"` // newest first
}

// A HistoryApply is an apply in a history.
type HistoryApply struct {
	ID        string     `json:"id"`
	Who       string     `json:"who"`
	Command   string     `json:"command"`
	Since     time.Time  `json:"since"`
	Ended     *time.Time `json:"ended,omitempty"`
	Hosts     []string   `json:"hosts"`
	Outcome   string     `json:"outcome"` // applied, kept, reverted, rebooted, destroyed, under way, cut off
	Note      string     `json:"note,omitempty"`
	Overrides []string   `json:"overrides"`
	Reverts   bool       `json:"reverts"` // it takes the apply of this ID back
	Destroys  bool       `json:"destroys"`
	Imports   bool       `json:"imports"`
}

// NewHistoryDocument converts a history.
func NewHistoryDocument(list []resource.Past, now time.Time) HistoryDocument {
	doc := HistoryDocument{formatVersion, now.UTC(), []HistoryApply{}}
	for _, past := range list {
		a := past.Apply
		entry := HistoryApply{
			ID: a.ID, Who: a.Who, Command: a.Command, Since: a.Since.UTC(), Outcome: outcome(past), Note: past.Note,
			Hosts: append([]string{}, a.Hosts...), Overrides: append([]string{}, a.Overrides...),
			Reverts: a.Reverts, Destroys: a.Destroys, Imports: a.Imports,
		}
		if !past.Ended.IsZero() {
			ended := past.Ended.UTC()
			entry.Ended = &ended
		}
		doc.Applies = append(doc.Applies, entry)
	}
	return doc
}
