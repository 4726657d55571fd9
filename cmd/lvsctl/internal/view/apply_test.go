package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// slowly is an apply whose steps take as long as is said, in a world where time is only
// looked at.
func slowly(pr interface {
	StepStarted(resource.Step)
	StepDone(resource.Step, resource.Outcome, error)
	End()
}, tooks ...time.Duration) {
	for i, took := range tooks {
		s := everything().Steps[i]
		pr.StepStarted(s)
		time.Sleep(took)
		synctest.Wait()
		pr.StepDone(s, resource.Outcome{Attempted: len(s.Changes)}, nil)
	}
	pr.End()
}

// The bytes of a slow apply on a terminal: the bar comes after a second, and stands below
// the lines of the steps until it goes.
func TestBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(50)
		live := NewLiveLine(s, func() int { return s.width })
		p := NewPrinter(live.Over(s), true, s.width)
		pr := NewProgress(p, live, 5)
		slowly(pr, 600*time.Millisecond, 600*time.Millisecond, 5*time.Second, 0, 0)
		p.Printf("Done\n")
		golden(t, "bar", strings.ReplaceAll(s.bytes.String(), "\r", "␍"))
		if len(s.wrong) > 0 || len(s.lines) != 7 || s.lines[5] != "Done" || s.lines[6] != "" {
			t.Errorf("in the end there is\n%s\nwrong: %q", strings.Join(s.lines, "\n"), s.wrong)
		}
	})
}

// An apply of less than a second has no bar, and one that is ended early leaves none.
func TestNoBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bytes bytes.Buffer
		live := NewLiveLine(&bytes, func() int { return 80 })
		printer := NewPrinter(live.Over(&bytes), false, 80)
		slowly(NewProgress(printer, live, 2), 500*time.Millisecond, 400*time.Millisecond)
		NewProgress(printer, live, 2).End()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := bytes.String(); strings.ContainsAny(got, "\r\x1b") || strings.Count(got, "\n") != 2 {
			t.Errorf("got %q", got)
		}
	})
}

// The bar is over when the steps are.
func TestBarEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(80)
		live := NewLiveLine(s, func() int { return s.width })
		pr := NewProgress(NewPrinter(live.Over(s), false, s.width), live, 3)
		pr.StepStarted(step("lb1", "web: balance"))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		s.shows(t, "two seconds", "[────────────────] 0/3  lb1  web: balance")
		pr.End()
		s.shows(t, "interrupted", "")
		time.Sleep(time.Minute)
		synctest.Wait()
		s.shows(t, "later", "")
	})
}

func TestBarLength(t *testing.T) {
	for done, want := range map[int]int{0: 0, 1: 0, 2: 1, 12: 6, 30: 15, 31: 16} {
		if got := bar(done, 31); strings.Count(got, "█") != want || len([]rune(got)) != barColumns+2 {
			t.Errorf("%d of 31: %s, want %d full", done, got, want)
		}
	}
}

// Programs are told how far an apply is, once a second at the most.
func TestProgressEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		start := time.Now()
		now := func() time.Time { return clock().Add(time.Since(start)) }
		slowly(NewEvents(&b, now).Steps(6), 0, 600*time.Millisecond, 600*time.Millisecond, 0, 3*time.Second, 900*time.Millisecond)
		golden(t, "events-slow.json", b.String())
		for _, want := range []string{"3 of 6", "5 of 6"} {
			if !strings.Contains(b.String(), fmt.Sprintf(`"type":"apply_progress","level":"info","message":"%s steps done"`, want)) {
				t.Errorf("it is not told that %s steps are done", want)
			}
		}
		if n := strings.Count(b.String(), "apply_progress"); n != 2 {
			t.Errorf("told %d times", n)
		}
	})
}
