package view

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif" // for its copy of the schema
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// written is a report as a document.
func written(t *testing.T, write Document, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	if err := write(broken{}, r); !errors.Is(err, errPipe) {
		t.Errorf("an error in writing is lost: %v", err)
	}
	return b.String()
}

// ruled is a report of findings of rules, in a file in which characters are longer than a
// byte.
func ruled() *Report {
	const text = "# Ä → 1\ncluster \"wëb\" {\n\tvip = \"192.0.2.1\" # ä, \"ignore\": 100 %\n}\n"
	at := func(line int, what string) *hcl.Range {
		start := strings.Index(text, what)
		return &hcl.Range{Filename: "./sub dir/c.hcl", Start: hcl.Pos{Line: line, Column: 1, Byte: start}, End: hcl.Pos{Line: line, Column: 2, Byte: start + len(what)}}
	}
	rule := func(name string) *schema.Rule {
		for _, r := range schema.Rules() {
			if r.Name == name {
				return &r
			}
		}
		panic(name)
	}
	block := at(2, "cluster \"wëb\" {\n\tvip = \"192.0.2.1\" # ä, \"ignore\": 100 %\n}\n")
	block.End.Line = 5
	return &Report{
		Version: "1.0", Files: map[string]*hcl.File{"./sub dir/c.hcl": {Bytes: []byte(text)}, "fine.hcl": {}},
		Diagnostics: hcl.Diagnostics{
			rule("all-drained").Finding(*at(3, "vip = \"192.0.2.1\""), "100 % of, say: nothing."),
			rule("algorithm").Finding(*at(3, "ä, \"ignore\""), "It is [not](1) one."),
			rule("algorithm").Finding(*at(3, "ä, \"ignore\""), "Nor is this."),
			{Severity: hcl.DiagError, Summary: "Missing newline: after, argument", Detail: "Two\r\nlines \u202e.", Subject: block},
			{Severity: hcl.DiagError, Summary: "Elsewhere", Subject: &hcl.Range{Filename: "/etc/other.hcl", Start: hcl.Pos{Line: 7, Column: 1}, End: hcl.Pos{Line: 7, Column: 1}}},
			{Severity: hcl.DiagWarning, Summary: "Above", Subject: &hcl.Range{Filename: "../a:b.hcl", Start: hcl.Pos{Line: 1, Column: 1}, End: hcl.Pos{Line: 1, Column: 1}}},
		},
	}
}

// movedHosts is drift of what the config wants, of what it does not want any more, and of a host
// that was rebooted.
func movedHosts() *Report {
	plan := everything()
	plan.Hosts[2].Rebooted = 7
	plan.Hosts[0].Drift = append(plan.Hosts[0].Drift, planner.Drift{Left: fileOf("/etc/web", "a\nb\n", 0o644), Found: fileOf("/etc/web", "a\nc]]>\n", 0o600)})
	return &Report{Plan: plan, Version: "1.0", Hosts: []*schema.Host{{Name: "lb1", Range: hcl.Range{Filename: "examples/c.hcl", Start: hcl.Pos{Line: 3}, End: hcl.Pos{Line: 3}}}}}
}

// failed is a report of a command that did not reach its hosts.
func failed() *Report {
	return &Report{Err: errors.Join(errors.New("lb1: no agent answered"), errors.New("web1: permission denied")), Files: map[string]*hcl.File{"c.hcl": {}}}
}

// hostileReports are reports in which everything is evil.
func hostileReports() map[string]*Report {
	reports := map[string]*Report{"failed": {Err: errors.New(evil + breakout)}, "breaking": breaking()}
	for name, text := range map[string]string{"evil": evil, "breakout": breakout, "xml": "]]> & <a> \ufffe \x0b", "raw": "\xff\x9b2J"} {
		plan := nothing(text)
		plan.Hosts[0].Drift = []planner.Drift{{Left: sysctl(text, "1"), Found: sysctl(text, text)}, {Left: fileOf(text, resource.Text(text), 0)}}
		plan.Hosts[0].Foreign = []resource.Resource{resource.Service{ServiceKey: web, Scheduler: text, Netmask: full}}
		plan.Steps = []resource.Step{step(text, text, resource.Change{Action: resource.Update, Before: sysctl(text, text), After: sysctl(text, "1"), Reason: resource.ChangedOnHost, Source: resource.Source{File: text, Line: 3}})}
		reports["plan of "+name] = &Report{Plan: plan, Foreign: true}
		reports["findings of "+name] = &Report{Diagnostics: hcl.Diagnostics{{Summary: text, Detail: text, Subject: &hcl.Range{Filename: text}}, {Summary: text}}}
	}
	return reports
}

// What pipelines read. go test -update rewrites the files.
func TestPipelineDocuments(t *testing.T) {
	tests := []struct {
		name   string
		write  Document
		report *Report
	}{
		{"validate.github", GitHubFindings, ruled()},
		{"valid.github", GitHubFindings, &Report{}},
		{"plan.github", GitHubPlan, movedHosts()},
		{"plan-nothing.github", GitHubPlan, &Report{Plan: nothing("lb1")}},
		{"plan-withdrawn.github", GitHubPlan, &Report{Plan: nothing("lb1"), Withdrawn: true}},
		{"plan-errored.github", GitHubPlan, refused()},
		{"plan-failed.github", GitHubPlan, failed()},
		{"plan-large.github", GitHubPlan, &Report{Plan: manyLines(25)}},
		{"drift.github", GitHubDrift, movedHosts()},
		{"drift-none.github", GitHubDrift, &Report{Plan: nothing("lb1", "web1")}},
		{"drift-errored.github", GitHubDrift, refused()},
		{"drift-large.github", GitHubDrift, &Report{Plan: manyLines(25)}},

		{"validate.junit.xml", JUnitValidate, ruled()},
		{"validate-refused.junit.xml", JUnitValidate, refused()},
		{"valid.junit.xml", JUnitValidate, &Report{Files: map[string]*hcl.File{"b.hcl": {}, "a.hcl": {}}}},
		{"validate-nothing.junit.xml", JUnitValidate, &Report{}},
		{"drift.junit.xml", JUnitDrift, movedHosts()},
		{"drift-none.junit.xml", JUnitDrift, &Report{Plan: nothing("lb1", "web1")}},
		{"drift-failed.junit.xml", JUnitDrift, failed()},

		{"validate.sarif.json", SARIFValidate, ruled()},
		{"valid.sarif.json", SARIFValidate, &Report{Version: "1.0"}},
		{"validate-refused.sarif.json", SARIFValidate, refused()},
		{"drift.sarif.json", SARIFDrift, movedHosts()},
		{"drift-none.sarif.json", SARIFDrift, &Report{Plan: nothing("lb1", "web1")}},
		{"drift-failed.sarif.json", SARIFDrift, failed()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := written(t, test.write, test.report)
			golden(t, test.name, withoutRules(t, got))
			checkDocument(t, test.name, got)
		})
	}
	for name, r := range hostileReports() {
		t.Run(name, func(t *testing.T) {
			for format, writes := range map[string][]Document{
				".github": {GitHubFindings, GitHubPlan, GitHubDrift}, ".xml": {JUnitValidate, JUnitDrift}, ".sarif.json": {SARIFValidate, SARIFDrift},
			} {
				for _, write := range writes {
					checkDocument(t, format, written(t, write, r))
				}
			}
		})
	}
}

// manyLines is a plan that changes many lines of the config, with drift on all.
func manyLines(n int) *planner.Plan {
	plan := nothing("lb1")
	for i := range n {
		d := server(web, fmt.Sprintf("10.0.0.%d", i), 1)
		c := change(resource.Create, nil, d, resource.NewInConfig)
		c.Source.Line = 100 - i
		if i%5 == 0 {
			c.Action, c.Before = resource.Replace, d
		}
		plan.Steps = append(plan.Steps, step("lb1", "web: real servers", c))
		plan.Hosts[0].Drift = append(plan.Hosts[0].Drift, planner.Drift{Left: d})
	}
	return plan
}

// withoutRules is a SARIF document with one rule of the language, as all of them are in the
// reference.
func withoutRules(t *testing.T, doc string) string {
	t.Helper()
	before, rest, found := strings.Cut(doc, "          \"rules\": [\n")
	if !found || !strings.Contains(rest, `"id": "port-mapping"`) {
		return doc
	}
	_, after, _ := strings.Cut(rest, "            {\n              \"id\": \"config/")
	if after != "" {
		after = "            {\n              \"id\": \"config/" + after
	} else {
		_, after, _ = strings.Cut(rest, "\n          ]\n")
		after = "          ]\n" + after
	}
	first, _, _ := strings.Cut(rest, "            },\n")
	return before + "          \"rules\": [\n" + first + "            },\n            […]\n" + after
}

// checkDocument has another program read a document, or its own rules.
func checkDocument(t *testing.T, name, doc string) {
	t.Helper()
	if at := strings.IndexFunc(doc, func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' && r != '\t' }); at >= 0 {
		t.Errorf("invisible: %q", doc[max(0, at-20):at+5])
	}
	switch {
	case strings.HasSuffix(name, ".sarif.json"):
		checkSARIF(t, doc)
	case strings.HasSuffix(name, ".xml"):
		checkJUnit(t, doc)
	default:
		checkCommands(t, doc)
	}
}

// sarifPublished is the schema of SARIF 2.1.0 as OASIS has published it. A library has it in
// its source, for itself: it validates what it has read, and not the document.
var sarifPublished = sync.OnceValue(func() *jsonschema.Schema {
	const library, constant = "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif", "schema"
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", library).Output()
	if err != nil {
		panic(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		panic(err)
	}
	text, err := strconv.Unquote(file.Scope.Lookup(constant).Decl.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
	if err != nil {
		panic(err)
	}
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(sarifSchema, schema); err != nil {
		panic(err)
	}
	return c.MustCompile(sarifSchema)
})

// The schema that documents are held against refuses what is none.
func TestSARIFSchemaRefuses(t *testing.T) {
	good := written(t, SARIFValidate, ruled())
	for old, bad := range map[string]string{`"level": "error"`: `"level": "bad"`, `"results":`: `"result":`, `"startLine": 3`: `"startLine": 0`, `"version": "2.1.0"`: `"version": "2.2"`, `"text": `: `"texts": `} {
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.ReplaceAll(good, old, bad)))
		if err != nil {
			t.Fatal(err)
		}
		if sarifPublished().Validate(instance) == nil {
			t.Errorf("%s is valid", bad)
		}
	}
}

// checkSARIF validates a document against the published schema, and its indices.
func checkSARIF(t *testing.T, doc string) {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	if err := sarifPublished().Validate(instance); err != nil {
		t.Errorf("%#v", err)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(doc), &log); err != nil {
		t.Fatal(err)
	}
	for _, result := range log.Runs[0].Results {
		if rule := log.Runs[0].Tool.Driver.Rules[result.RuleIndex]; rule.ID != result.RuleID {
			t.Errorf("rule %d is %s, and not %s", result.RuleIndex, rule.ID, result.RuleID)
		}
	}
}

// checkJUnit reads a document, and counts.
func checkJUnit(t *testing.T, doc string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(doc))
	counts, claimed := map[string]int{}, map[string]string{}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			counts[start.Name.Local]++
			for _, a := range start.Attr {
				claimed[start.Name.Local+" "+a.Name.Local] = a.Value
			}
		}
	}
	for _, of := range []string{"testsuites", "testsuite"} {
		got := fmt.Sprint(counts[of], claimed[of+" tests"], claimed[of+" failures"], claimed[of+" errors"])
		if want := fmt.Sprint(1, fmt.Sprint(counts["testcase"]), fmt.Sprint(counts["failure"]), fmt.Sprint(counts["error"])); got != want {
			t.Errorf("%s: got %s, want %s", of, got, want)
		}
	}
}

// checkCommands wants lines that are commands, with properties that end where they should.
func checkCommands(t *testing.T, doc string) {
	t.Helper()
	for line := range strings.Lines(doc) {
		command, message, _ := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		level, properties, _ := strings.Cut(command, " ")
		if level != "error" && level != "warning" && level != "notice" || message == "" {
			t.Errorf("no annotation: %q", line)
		}
		for property := range strings.SplitSeq(properties, ",") {
			name, value, _ := strings.Cut(property, "=")
			known := []string{"file", "line", "endLine", "col", "endColumn", "title"}
			if !slices.Contains(known, name) || value == "" || strings.Contains(value, ":") {
				t.Errorf("property %q in %q", property, line)
			}
		}
	}
}

// What ends a command, its properties, or a line is escaped, and nothing else.
func TestAnnotationsAreEscaped(t *testing.T) {
	got := annotation{level: "error", title: "a:b,c%d\r\ne", message: "100 %, a::b\r\nc", file: "a,b:c%.hcl", region: region{2, 3, 2, 7}}.String()
	want := "::error file=a%2Cb%3Ac%25.hcl,line=2,endLine=2,col=3,endColumn=6,title=a%3Ab%2Cc%25d%0D%0Ae::100 %25, a::b%0D%0Ac"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A finding has the same fingerprint wherever its line moves, and no two have the same.
func TestFingerprintsStay(t *testing.T) {
	prints := func(r *Report) []string {
		var log struct {
			Runs []struct {
				Results []struct {
					PartialFingerprints map[string]string
				}
			}
		}
		if err := json.Unmarshal([]byte(written(t, SARIFValidate, r)), &log); err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, result := range log.Runs[0].Results {
			list = append(list, result.PartialFingerprints[sarifPrint])
		}
		return list
	}
	before, after := ruled(), ruled()
	const more = "# more\n# and more\n"
	for name, file := range after.Files {
		after.Files[name] = &hcl.File{Bytes: append([]byte(more), file.Bytes...)}
	}
	for _, d := range after.Diagnostics[:4] {
		for _, p := range []*hcl.Pos{&d.Subject.Start, &d.Subject.End} {
			p.Line, p.Byte = p.Line+2, p.Byte+len(more)
		}
	}
	was := prints(before)
	if diff := cmp.Diff(was, prints(after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, print := range was {
		if seen[print] {
			t.Errorf("%s again", print)
		}
		seen[print] = true
	}
	after.Files["./sub dir/c.hcl"].Bytes = bytes.ReplaceAll(after.Files["./sub dir/c.hcl"].Bytes, []byte("192.0.2.1"), []byte("192.0.2.7"))
	if prints(after)[0] == was[0] {
		t.Error("another line has the same fingerprint")
	}
}
