package roundtrip

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Undoing an apply leads back to where it began. Whatever configuration B is applied after
// a configuration A, and however far it gets: undone, it leaves A, to everyone who can
// tell. Undoing can be cut off as well, and gone on with.

// A pair is a configuration that is undone, and what was there before.
type pair struct {
	*run
	a, b   *model
	giveUp bool         // B is that A is given up
	was    *application // A
	before scene
	fate
	steps  int  // of B
	undone bool // in the session that applied it
}

// A fate is what comes in between.
type fate struct {
	cut    trouble // while B is applied
	then   sequel  // if it is cut off
	uncut  trouble // while B is undone
	judged bool    // whether B is looked at before it is undone
}

// fate draws one. In half of all cases B is applied to its end.
func (r *run) fate() fate {
	f := fate{cut: none, uncut: none, judged: true}
	if r.chance.IntN(2) == 0 {
		f.cut, f.then = troubles[r.chance.IntN(len(troubles))], sequels[r.chance.IntN(len(sequels))]
		f.judged = f.then == continued
	}
	if f.then != takenBack && r.chance.IntN(3) == 0 {
		f.uncut = troubles[r.chance.IntN(len(troubles))]
	}
	return f
}

// String counts as a kind of pairs.
func (f fate) String() string {
	words := []string{"applied " + string(f.cut)}
	if f.then != "" {
		words = append(words, string(f.then))
	}
	if f.then != takenBack {
		words = append(words, "undone "+string(f.uncut))
	}
	return strings.Join(words, ", ")
}

// undo applies B after A and undoes it. Whether the hosts are to have A or B then is what
// [fate.judged] says: if B was looked at, it need not be applied again.
func (r *run) undo(a, b *model, f fate) []string {
	return (&pair{run: r, a: a, b: b, was: r.now, fate: f}).all()
}

// undoDestroy begins to give up A, and undoes that.
func (r *run) undoDestroy(a *model, f fate) []string {
	return (&pair{run: r, a: a, b: a, giveUp: true, was: r.now, fate: f}).all()
}

func (p *pair) all() []string {
	b, err := newApplication(p.b.hcl(), p.giveUp)
	if err != nil {
		return []string{err.Error()}
	}
	if p.was == nil { // what there is before the first configuration is what giving it up leaves
		p.was = &application{config: b.config, desired: b.desired.Withdraw(), after: map[string]*resource.Snapshot{}}
	}
	p.before = p.scene()
	if findings := p.there(b); len(findings) > 0 {
		return findings
	}
	if p.steps == 0 || p.giveUp && b.whole { // B is as A, or all of A is gone for good
		return nil
	}
	if err := p.back(b); err != nil {
		return []string{fmt.Sprintf("%v\nThe last apply was %s.", err, p.fate)}
	}
	p.total.pair(p)
	p.now = p.was
	if findings := p.compare(); len(findings) > 0 {
		return append(findings, fmt.Sprintf("It was %s.", p.fate))
	}
	return nil
}

// there applies B as far as it gets.
func (p *pair) there(b *application) []string {
	if p.cut != none {
		if err := p.hosts.carryOut(p.Context(), b, &accident{kind: p.cut, rng: p.chance}, p.then); err != nil {
			return []string{err.Error()}
		}
		p.steps = len(b.plan.Steps)
		p.undone = p.then == takenBack && !b.whole
		if b.whole {
			p.cut, p.then = none, "" // it came to nothing: there was only one step
		}
	}
	if !p.judged {
		return nil
	}
	findings := p.one(p.b, p.a)
	if len(findings) == 0 {
		p.steps = max(p.steps, len(p.now.plan.Steps))
	}
	return findings
}

// back undoes B.
func (p *pair) back(b *application) error {
	if p.undone {
		return nil
	}
	mishap := &accident{kind: p.uncut}
	if p.uncut != none {
		mishap.rng = p.chance
		mishap.aim(p.steps)
	}
	err := p.hosts.rollBack(p.Context(), b.config.Hosts, mishap)
	switch {
	case !mishap.came:
		p.uncut = none // undoing it took fewer steps
	case err != nil:
		err = p.hosts.rollBack(p.Context(), b.config.Hosts, &accident{})
	}
	if err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	return nil
}

// compare says what is not as it was.
func (p *pair) compare() []string {
	again := *p.was
	var refusal error
	err := p.hosts.visit(p.Context(), again.config.Hosts, &accident{}, func(ctx context.Context, f *fleet.Fleet) (err error) {
		_, _, refusal = f.LastApply(ctx)
		again.after, err = f.Read(ctx, again.desired.Keys)
		return err
	})
	if err != nil {
		return []string{err.Error()}
	}
	findings := again.left()
	if refusal == nil || !strings.HasPrefix(refusal.Error(), "there is nothing to go back to") {
		findings = append(findings, fmt.Sprintf("there is something to undo again: %v", refusal))
	}
	for name, snap := range again.after {
		findings = append(findings, p.compareLedger(name, snap.Ledger)...)
	}
	findings = append(findings, p.compareScenes()...)
	return findings
}

// compareLedger wants the claims that there were, and what their steps came after.
func (p *pair) compareLedger(name string, now resource.Ledger) (findings []string) {
	was := resource.Ledger{}
	if snap := p.was.after[name]; snap != nil {
		was = snap.Ledger
	}
	if was, now := maps.Collect(was.Claims.All()), maps.Collect(now.Claims.All()); !maps.Equal(was, now) {
		findings = append(findings, fmt.Sprintf("claims on %s (-before +after):\n%s", name, cmp.Diff(was, now, same)))
	}
	if !maps.EqualFunc(was.Steps, now.Steps, slices.Equal) {
		findings = append(findings, fmt.Sprintf("steps on %s (-before +after):\n%s", name, cmp.Diff(was.Steps, now.Steps)))
	}
	return findings
}
