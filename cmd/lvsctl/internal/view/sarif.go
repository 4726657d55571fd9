package view

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
)

// Findings in SARIF 2.1.0, the format of OASIS for what static analysis finds.
//
// The rules are those of the language, by the names by which they can be ignored; others
// are named after the summary of a diagnostic. A finding is recognised from run to run by a
// fingerprint in which there are no numbers of lines: of its rule and the text that it is
// about, or of its object.

const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifRoot    = "%SRCROOT%" // the name that readers know for where the sources are
	homepage     = "https://github.com/lvsctl/lvsctl"

	// sarifPrint is the only fingerprint that GitHub looks at.
	sarifPrint = "primaryLocationLineHash"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool                `json:"tool"`
	Invocations []sarifInvocation        `json:"invocations"`
	Bases       map[string]sarifArtifact `json:"originalUriBaseIds"`
	ColumnKind  string                   `json:"columnKind"`
	Results     []sarifResult            `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Home    string      `json:"informationUri"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID         string              `json:"id"`
	Short      sarifText           `json:"shortDescription"`
	Full       *sarifText          `json:"fullDescription,omitempty"`
	Help       *sarifText          `json:"help,omitempty"`
	HelpURI    string              `json:"helpUri,omitempty"`
	Default    *sarifConfiguration `json:"defaultConfiguration,omitempty"`
	Properties map[string]any      `json:"properties,omitempty"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID    string            `json:"ruleId"`
	RuleIndex int               `json:"ruleIndex"`
	Level     string            `json:"level"`
	Message   sarifText         `json:"message"`
	Locations []sarifLocation   `json:"locations,omitempty"`
	Prints    map[string]string `json:"partialFingerprints"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI         string     `json:"uri,omitempty"`
	Base        string     `json:"uriBaseId,omitempty"`
	Description *sarifText `json:"description,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

// SARIFValidate writes what the diagnostics say.
func SARIFValidate(w io.Writer, r *Report) error {
	return r.writeSARIF(w, languageRules(), r.found())
}

// SARIFDrift writes what is not as lvsctl left it, at the lines of the config that want it.
// Where nothing can be said of that it writes the errors of the config.
func SARIFDrift(w io.Writer, r *Report) error {
	if r.Plan == nil || r.errored() {
		return r.writeSARIF(w, languageRules(), r.found())
	}
	return r.writeSARIF(w, driftRules(), r.drifted())
}

// writeSARIF writes findings below the rules that they come from.
func (r *Report) writeSARIF(w io.Writer, rules []sarifRule, findings []finding) error {
	set := &ruleSet{list: rules, index: map[string]int{}}
	for i, rule := range rules {
		set.index[rule.ID] = i
	}
	results := make([]sarifResult, 0, len(findings))
	seen := map[string]int{}
	for _, f := range findings {
		print := r.fingerprint(f)
		seen[print]++
		results = append(results, sarifResult{
			RuleID: f.id, RuleIndex: set.of(f), Level: f.level, Message: sarifMessage(f.message), Locations: r.locations(f),
			Prints: map[string]string{sarifPrint: fmt.Sprintf("%s:%d", print, seen[print])},
		})
	}
	return WriteJSON(w, sarifLog{Schema: sarifSchema, Version: sarifVersion, Runs: []sarifRun{{
		Tool:        sarifTool{sarifDriver{Name: "lvsctl", Version: r.Version, Home: homepage, Rules: set.list}},
		Invocations: []sarifInvocation{r.invocation()},
		Bases:       map[string]sarifArtifact{sarifRoot: {Description: &sarifText{"The directory in which lvsctl was run."}}},
		ColumnKind:  "unicodeCodePoints",
		Results:     results,
	}}})
}

// invocation says whether the command came to its end.
func (r *Report) invocation() sarifInvocation {
	if r.Err == nil {
		return sarifInvocation{Successful: true}
	}
	return sarifInvocation{Notifications: []sarifNotification{{Level: "error", Message: sarifMessage(visibleLines(r.Err.Error()))}}}
}

// A ruleSet are the rules of a run. Those that nobody knew before are added.
type ruleSet struct {
	list  []sarifRule
	index map[string]int
}

// of is the index of the rule that a finding comes from.
func (s *ruleSet) of(f finding) int {
	i, known := s.index[f.id]
	if !known {
		i = len(s.list)
		s.index[f.id] = i
		s.list = append(s.list, sarifRule{ID: f.id, Short: sarifText{f.title}})
	}
	return i
}

// languageRules are the rules that a config is checked against.
func languageRules() []sarifRule {
	var list []sarifRule
	for _, rule := range schema.Rules() {
		level, help := "error", "This cannot be ignored."
		if rule.Severity == hcl.DiagWarning {
			level = "warning"
		}
		if rule.Ignorable {
			help = fmt.Sprintf("If it is meant to be so, say why in the block that it is about: ignore %q { reason = \"…\" }", rule.Name)
		}
		r := sarifRule{
			ID: rule.Name, Short: sarifText{rule.Summary}, Full: &sarifText{"Finds " + rule.Doc + "."}, Help: &sarifText{help},
			HelpURI: homepage + "/blob/main/docs/language.md#what-is-checked", Default: &sarifConfiguration{level},
		}
		if rule.Number > 0 {
			r.Properties = map[string]any{"number": rule.Number}
		}
		list = append(list, r)
	}
	return list
}

// driftRules are the ways in which hosts can differ from how lvsctl left them.
func driftRules() []sarifRule {
	rule := func(id, short, full string) sarifRule {
		return sarifRule{ID: id, Short: sarifText{short}, Full: &sarifText{full}, HelpURI: homepage + "/blob/main/docs/operations.md#drift-from-cron", Default: &sarifConfiguration{"error"}}
	}
	return []sarifRule{
		rule(driftGone, "Gone from the host", "Finds an object that lvsctl made and that is not there any more."),
		rule(driftChanged, "Changed on the host", "Finds an object that lvsctl made and that somebody else has changed."),
		rule(driftRebooted, "Host was rebooted", "Finds a host that has lost in a boot what lvsctl had made."),
	}
}

// sarifMessage is a text as a message, in which a link would have a meaning.
func sarifMessage(text string) sarifText {
	return sarifText{strings.ReplaceAll(text, "](", "] (")}
}

// locations is where a finding is: a place in the config, and an object on a host.
func (r *Report) locations(f finding) []sarifLocation {
	var l sarifLocation
	if f.at != nil {
		reg := r.region(f.at)
		l.Physical = &sarifPhysical{artifactOf(f.at.Filename), sarifRegion{reg.startLine, reg.startColumn, reg.endLine, reg.endColumn}}
	}
	switch {
	case f.object != "":
		l.Logical = []sarifLogical{{f.host + "/" + f.object, "resource"}}
	case f.host != "":
		l.Logical = []sarifLogical{{f.host, "resource"}}
	case f.at == nil:
		return nil
	}
	return []sarifLocation{l}
}

// artifactOf is a file as SARIF names it: relative to where the sources are, if it is below.
func artifactOf(name string) sarifArtifact {
	name = slashed(name)
	switch {
	case path.IsAbs(name) || filepath.IsAbs(name):
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(name, "/")}).String()}
	case name == ".." || strings.HasPrefix(name, "../"):
		return sarifArtifact{URI: (&url.URL{Path: name}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: name}).String(), Base: sarifRoot}
}

// fingerprint is the same as long as a finding is, wherever its line moves.
func (r *Report) fingerprint(f finding) string {
	h := sha256.New()
	about := []string{f.id, f.host, f.object}
	switch {
	case f.host != "":
	case f.at == nil:
		about = append(about, f.message)
	default:
		about = append(about, slashed(f.at.Filename), r.linesAt(f.at))
	}
	for _, part := range about {
		fmt.Fprintf(h, "%d %s ", len(part), part)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// linesAt is the text of the lines of a range, without what is around it in them.
func (r *Report) linesAt(at *hcl.Range) string {
	file := r.Files[at.Filename]
	if file == nil {
		return ""
	}
	reg, text := r.region(at), ""
	for i, line := range bytes.Split(file.Bytes, []byte("\n")) {
		if reg.startLine <= i+1 && i+1 <= reg.endLine {
			text += strings.Join(strings.Fields(string(line)), " ") + "\n"
		}
	}
	return text
}
