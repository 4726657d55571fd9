package view

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// refused is a config with errors and a warning.
func refused() *Report {
	files, diags := findings()
	return &Report{Diagnostics: diags, Files: files}
}

// fleetOf is a plan with changes and files on as many hosts.
func fleetOf(hosts, changes, lines int) *planner.Plan {
	plan := &planner.Plan{}
	for h := range hosts {
		name := fmt.Sprintf("web%04d", h)
		plan.Hosts = append(plan.Hosts, planner.Host{Name: name})
		s := step(name, "web: real servers")
		for i := range changes {
			d := server(web, fmt.Sprintf("10.%d.%d.%d", h/250, i/250, i%250), uint32(i))
			if i%10 == 9 {
				s.Changes = append(s.Changes, change(resource.Delete, d, nil, resource.RemovedFromConfig))
				continue
			}
			s.Changes = append(s.Changes, change(resource.Create, nil, d, resource.NewInConfig))
		}
		if lines > 0 {
			s.Changes = append(s.Changes, change(resource.Create, nil, fileOf("/etc/web", numbered(lines), 0o644), resource.NewInConfig))
		}
		plan.Steps = append(plan.Steps, s)
	}
	return plan
}

// breakout is text that tries to be more than text.
const breakout = "```\n</details>\n<script>@everyone</script> [x](http://evil) ~~~~ ``````` &lt; \u202eevil\u2066 ::error::x\n# Title"

// breaking is a plan in which everything is an attempt to break out.
func breaking() *Report {
	plan := nothing("lb1")
	plan.Hosts = []planner.Host{{Name: "h`" + breakout, Foreign: []resource.Resource{resource.Service{ServiceKey: web, Scheduler: breakout, Netmask: full}}}}
	plan.Steps = []resource.Step{step("h`"+breakout, breakout,
		change(resource.Update, sysctl(breakout, breakout), sysctl(breakout, "1"), resource.ChangedOnHost),
		change(resource.Create, nil, fileOf("/"+breakout, breakout, 0o644), resource.NewInConfig),
		change(resource.Update, fileOf("/x", "```\n", 0o644), fileOf("/x", breakout, 0o644), resource.NewInConfig))}
	return &Report{Plan: plan, Foreign: true, Diagnostics: hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: breakout, Detail: breakout}}}
}

// What stands in a comment on a pull request. go test -update rewrites the files.
func TestMarkdown(t *testing.T) {
	_, diags := findings()
	tests := []struct {
		name   string
		report *Report
	}{
		{"plan", &Report{Plan: everything()}},
		{"plan-foreign", &Report{Plan: everything(), Foreign: true, Diagnostics: diags[1:2]}},
		{"plan-nothing", &Report{Plan: nothing("lb1", "web1")}},
		{"plan-withdrawn", &Report{Plan: nothing("lb1"), Withdrawn: true}},
		{"plan-errored", refused()},
		{"plan-failed", &Report{Err: errors.Join(errors.New("lb1: no agent answered"), errors.New("web1: permission denied")), Diagnostics: diags[1:2]}},
		{"files", &Report{Plan: files()}},
		{"plan-breaking", breaking()},
		{"plan-large", &Report{Plan: fleetOf(40, 200, 30)}},
		{"plan-hosts", &Report{Plan: fleetOf(3000, 12, 0)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := markdown(test.report)
			golden(t, test.name+".md", got)
			checkMarkdown(t, got)
			if again := markdown(test.report); again != got {
				t.Error("not the same twice")
			}
		})
	}
}

// What there is nothing to say of is one line, and the first line is that of the human plan.
func TestMarkdownBeginsWithTheSummary(t *testing.T) {
	if got := markdown(&Report{Plan: nothing("lb1")}); got != "**No changes.** 1 host matches the configuration.\n" {
		t.Errorf("got %q", got)
	}
	for _, plan := range []*planner.Plan{everything(), files(), nothing("lb1"), fleetOf(3, 4, 5)} {
		first, _, _ := strings.Cut(markdown(&Report{Plan: plan}), "\n")
		human := printed(false, func(p *Printer) { p.Plan(plan, false) })
		if !strings.Contains(human, strings.ReplaceAll(first, "**", "")+"\n") {
			t.Errorf("%q is no line of\n%s", first, human)
		}
	}
}

// A small plan is there as a whole: every change with its reason, as people see it on a
// terminal.
func TestMarkdownHasTheHumanLines(t *testing.T) {
	got := " " + strings.Join(strings.Fields(markdown(&Report{Plan: everything()})), " ")
	human := printed(false, func(p *Printer) { p.changes(everything()) })
	for line := range strings.Lines(human) {
		if strings.HasPrefix(line, "    ") && !strings.Contains(got, strings.Join(strings.Fields(line), " ")) {
			t.Errorf("missing: %s", line)
		}
	}
}

// Where there is no room, removals are what stays, and what is missing is counted.
func TestMarkdownLeavesOut(t *testing.T) {
	for hosts, changes := range map[int]int{1: 8000, 2: 2000, 40: 100, 400: 20, 5000: 4} {
		got := markdown(&Report{Plan: fleetOf(hosts, changes, 0)})
		checkMarkdown(t, got)
		shown := strings.Count(got, "\n+ ") + strings.Count(got, "\n- ")
		left := 0
		for _, m := range regexp.MustCompile(`(\d+) (?:more )?changes?(?:, \d+ of them taking something away)?(?:: left out| on )`).FindAllStringSubmatch(got, -1) {
			var n int
			fmt.Sscan(m[1], &n)
			left += n
		}
		if shown+left != hosts*changes {
			t.Errorf("%d hosts: %d shown, %d left out", hosts, shown, left)
		}
		if len(got) < maxMarkdown*3/4 {
			t.Errorf("%d hosts: only %d bytes", hosts, len(got))
		}
	}
	if got := markdown(&Report{Plan: fleetOf(1, 1000, 40)}); strings.Count(got, "\n- ") != 100 || !strings.Contains(got, "what changes in 1 file: left out") {
		t.Errorf("%d of 100 removals:\n%s", strings.Count(got, "\n- "), got[len(got)-500:])
	}
}

// checkMarkdown has another program read a document: nothing in it is anything but what we
// put there, and all that is opened is closed.
func checkMarkdown(t *testing.T, doc string) {
	t.Helper()
	if len(doc) >= maxMarkdown || !utf8.ValidString(doc) {
		t.Errorf("%d bytes, valid: %t", len(doc), utf8.ValidString(doc))
	}
	if at := strings.IndexFunc(doc, func(r rune) bool { return !unicode.IsGraphic(r) && r != '\t' && r != '\n' }); at >= 0 {
		t.Errorf("invisible: %q", doc[max(0, at-20):at+5])
	}
	source := []byte(doc)
	var tags strings.Builder
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			tags.WriteString("code ")
			if n.NextSibling() == nil {
				t.Error("a block of code is not closed")
			}
		case *ast.HTMLBlock:
			tags.WriteString(htmlTags(string(n.Lines().Value(source))))
		case *ast.Paragraph:
			checkParagraph(t, n)
		default:
			t.Errorf("a %s", n.Kind())
		}
	}
	if got := tags.String(); !regexp.MustCompile(`^(<details(?: open)?> <summary> (<code> </code> )?</summary> code </details> )*$`).MatchString(got) {
		t.Errorf("tags: %s", got)
	}
}

// htmlTags lists the tags of some HTML.
func htmlTags(text string) string {
	var b strings.Builder
	for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(text, -1) {
		b.WriteString(tag + " ")
	}
	return b.String()
}

// checkParagraph wants text, emphasis and code in a paragraph, and no @ beside code.
func checkParagraph(t *testing.T, p *ast.Paragraph) {
	t.Helper()
	_ = ast.Walk(p, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		switch n.(type) {
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Paragraph, *ast.Text, *ast.Emphasis, *ast.String:
		default:
			t.Errorf("a %s in a paragraph", n.Kind())
		}
		return ast.WalkContinue, nil
	})
}

// Whatever the names, values and files, and however many there are: the document is short
// enough, nothing breaks out of it, and all of it is closed.
func FuzzMarkdown(f *testing.F) {
	f.Add("lb1", "web: x", "a", "b\n", uint16(3), uint16(2))
	f.Add(breakout, breakout, breakout, breakout, uint16(30), uint16(30))
	f.Add(evil, "\n\n", strings.Repeat("`", 5000), strings.Repeat("`\n", 500), uint16(50), uint16(3))
	f.Add(strings.Repeat("\U000e0001", 300), "s", strings.Repeat("\u202e", 3000), "", uint16(200), uint16(1))
	f.Add("`", "`", "ä→", "\x00", uint16(1), uint16(900))
	f.Fuzz(func(t *testing.T, host, name, value, content string, hosts, changes uint16) {
		if int(hosts)*int(changes)*(100+len(host)+len(name)+len(value)+len(content)) > 1<<20 {
			return // more of the same takes long
		}
		plan := &planner.Plan{}
		for h := range hosts {
			at := fmt.Sprintf("%s%d", host, h)
			s := step(at, name)
			for i := range changes {
				s.Changes = append(s.Changes,
					change(resource.Action(1+i%5), sysctl(fmt.Sprintf("%s%d", value, i), value), sysctl(fmt.Sprintf("%s%d", value, i), content), resource.ChangedOnHost),
					change(resource.Create, nil, fileOf("/"+value, resource.Text(content), 0o644), resource.NewInConfig))
			}
			plan.Steps = append(plan.Steps, s)
			plan.Hosts = append(plan.Hosts, planner.Host{Name: at, Foreign: []resource.Resource{resource.Service{ServiceKey: web, Scheduler: value}}})
		}
		warning := &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: name, Detail: strings.Repeat(content, 20)}
		checkMarkdown(t, markdown(&Report{Plan: plan, Foreign: hosts%2 == 0, Diagnostics: hcl.Diagnostics{warning}}))
		checkMarkdown(t, markdown(&Report{Err: errors.New(value + content), Diagnostics: hcl.Diagnostics{warning}}))
	})
}
