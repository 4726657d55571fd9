package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Some findings are a question, and the answer is that it is meant to be so. An ignore
// block gives that answer with a reason, in the block that the finding is about or one
// around it, so that it is read by whoever changes that block, and goes with it. It is for
// one rule, and says so when there is nothing for it to do. What cannot work has no such
// answer.

// An Ignore silences what one rule finds about a block and what stands in it.
type Ignore struct {
	Rule   string // its name
	Reason string // never empty
	Range  hcl.Range
}

// Ignored tells whether a diagnostic comes from a rule that one of the things it is about
// ignores: each list is the Ignores of a host, a cluster or a service.
func Ignored(d *hcl.Diagnostic, about ...[]Ignore) bool {
	r := RuleOf(d)
	return r != nil && r.Ignorable && slices.ContainsFunc(about, func(list []Ignore) bool {
		return slices.ContainsFunc(list, func(i Ignore) bool { return i.Rule == r.Name })
	})
}

// An ignorer keeps track of ignore blocks.
type ignorer struct {
	all  []Ignore           // each block once, however many instances it is read for
	used map[hcl.Range]bool // all of them, and whether they silenced something
}

// readIgnores reads the ignore blocks of a block.
func (c *content) readIgnores() {
	var names namespace
	for _, block := range c.blocks {
		if block.Type != ignoreSpec.Type {
			continue
		}
		b := c.inner(ignoreSpec, block, c.scope)
		if at, again := names.first(b.label()); again {
			c.fail(b.header(), "Duplicate ignore", "The rule %q is ignored here at %s already. Remove one of the two.", b.label(), place(at))
			continue
		}
		names.set(b.label(), &block.DefRange)
		reason, given := b.reason()
		if rule := b.ignorable(); rule != nil && given {
			c.ignores = append(c.ignores, Ignore{rule.Name, reason, b.header()})
			c.ignorer.note(rule, b.header())
		}
	}
}

// note enters an ignore block. What comes of one for a rule that looks at hosts is not for
// the config to say.
func (i *ignorer) note(r *Rule, at hcl.Range) {
	if _, known := i.used[at]; known || r.Facts {
		return
	}
	if i.used == nil {
		i.used = map[hcl.Range]bool{}
	}
	i.used[at] = false
	i.all = append(i.all, Ignore{Rule: r.Name, Range: at})
}

// reason is the argument that says why.
func (c *content) reason() (string, bool) {
	s, ok := c.str("reason")
	if ok && strings.TrimSpace(s) == "" {
		c.fail(c.at("reason"), "Missing reason", "The reason is empty. Write why the finding is no trouble here, for the next one who wonders.")
		return "", false
	}
	return s, ok
}

// ignorable is the rule that an ignore block is for, nil if there is none such or it is
// not to be ignored.
func (c *content) ignorable() *Rule {
	i := slices.IndexFunc(rules, func(r *Rule) bool { return r.Name == c.label() })
	switch {
	case i < 0:
		names := ignorableNames()
		hint := didYouMean(c.label(), names, "%q")
		if hint == "" {
			hint = " Those that can be ignored are " + strings.Join(names, ", ") + "."
		}
		c.fail(c.block.LabelRanges[0], "Unknown rule", "There is no rule %q.%s", c.label(), hint)
		return nil
	case !rules[i].Ignorable:
		c.fail(c.block.LabelRanges[0], "Rule cannot be ignored", "The rule %q finds what the kernel refuses or what cannot work, and a reason does not change that. Put right what it finds, and remove this.", c.label())
		return nil
	}
	return rules[i]
}

// ignorableNames lists the rules that can be ignored.
func ignorableNames() []string {
	var names []string
	for _, r := range rules {
		if r.Ignorable {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

// silences tells whether a rule is ignored in the block or one around it.
func (c *content) silences(r *Rule) bool {
	found := false
	for ; c != nil; c = c.parent {
		for _, i := range c.ignores {
			if i.Rule == r.Name {
				c.ignorer.used[i.Range] = true
				found = true
			}
		}
	}
	return found
}

// checkIgnores reports ignore blocks that silenced nothing. With errors there may be
// something that was not found.
func (l *loader) checkIgnores() {
	if l.errors > 0 {
		return
	}
	for _, i := range l.ignorer.all {
		if !l.ignorer.used[i.Range] {
			l.add(&hcl.Diagnostic{
				Severity: hcl.DiagWarning,
				Summary:  "Nothing to ignore",
				Detail:   fmt.Sprintf("The rule %q finds nothing here. Remove this, so that it does not hide what the rule may find later.", i.Rule),
				Subject:  &i.Range,
			})
		}
	}
}
