package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// What of a plan is shown where there is no room for all of it.
//
// Each host has a fold, a part of the document that people can unfold. A fold that has too
// little room leaves out whole units: first how files change, then changes, and what takes
// something away last of all, as that is what a reviewer must not miss. What is left stands
// in the order of execution, and the last line says how much is missing.
//
// The room is shared equally, and what a small fold does not need goes to the others.

// A fold is one host's part of a document.
type fold struct {
	name  string
	title string // HTML
	units []unit // in the order of execution

	size  int // of all units, in bytes
	ticks int // that stand in a row in them, at the most
}

// A unit is what is shown as a whole or not at all: the name of a step, a change, or how
// its file changes.
type unit struct {
	text  string
	rank  rank
	under int // the unit without which it makes no sense, itself for none
}

// A rank is how much a unit matters: the lower, the more.
type rank int

// The ranks. Headings are shown with what is under them.
const (
	removal rank = iota
	ordinary
	detail
	heading
)

// add adds a unit below the last one that it can belong to.
func (f *fold) add(text string, r rank) {
	under := len(f.units)
	if r != heading {
		under = f.last(r)
	}
	f.units = append(f.units, unit{text, r, under})
	f.size += len(text) + 1
	f.ticks = max(f.ticks, longestRun(text, '`'))
}

// last is the last unit that one of a rank belongs to: a change to a heading, and how a
// file changes to a change.
func (f *fold) last(r rank) int {
	for i := len(f.units) - 1; ; i-- {
		if (f.units[i].rank == heading) == (r != detail) {
			return i
		}
	}
}

// changes is how many changes the fold has.
func (f *fold) changes() int {
	n := 0
	for _, u := range f.units {
		if u.rank <= ordinary {
			n++
		}
	}
	return n
}

// maxLeftOut is how long the line is that says what is left out, in bytes.
const maxLeftOut = 120

// frame is how many bytes are around the units, with the empty line behind them.
func (f *fold) frame() int { return len(f.framed("")) + 2*max(0, f.ticks-2) + 1 }

// framed is a fold of some lines.
func (f *fold) framed(lines string) string {
	return "<details>\n<summary>" + f.title + "</summary>\n\n" + fenced("diff", lines) + "\n</details>\n"
}

// need is how many bytes it takes to show all.
func (f *fold) need() int { return f.frame() + f.size }

// least is how many bytes a fold takes with hardly anything in it.
func (f *fold) least() int { return min(f.need(), f.frame()+maxLeftOut+300) }

// text is as much of the fold as has room in some bytes, no fewer than its least.
func (f *fold) text(room int) string {
	var lines []string
	if f.need() <= room {
		for _, u := range f.units {
			lines = append(lines, u.text)
		}
		return f.framed(strings.Join(lines, "\n"))
	}
	shown := f.choose(room - f.frame() - maxLeftOut)
	for i, u := range f.units {
		if shown[i] {
			lines = append(lines, u.text)
		}
	}
	return f.framed(strings.Join(append(lines, f.missing(shown)), "\n"))
}

// choose tells which units are shown, those that matter most as long as there is room.
func (f *fold) choose(room int) []bool {
	shown := make([]bool, len(f.units))
	for r := removal; r < heading; r++ {
		for i, u := range f.units {
			if u.rank != r || r == detail && !shown[u.under] {
				continue
			}
			size := len(u.text) + 1
			if !shown[u.under] {
				size += len(f.units[u.under].text) + 1
			}
			if room -= size; room < 0 {
				return shown
			}
			shown[i], shown[u.under] = true, true
		}
	}
	return shown
}

// missing says what is not shown, in one line.
func (f *fold) missing(shown []bool) string {
	var left [heading + 1]int
	for i, u := range f.units {
		if !shown[i] {
			left[u.rank]++
		}
	}
	var said []string
	if n := left[removal] + left[ordinary]; n > 0 {
		said = append(said, count(n, "more change"))
	}
	if n := left[removal]; n > 0 {
		said = append(said, fmt.Sprintf("%d of them taking something away", n))
	}
	if n := left[detail]; n > 0 {
		said = append(said, "what changes in "+count(n, "file"))
	}
	return leftOut + strings.Join(said, ", ") + ": left out"
}

// shares is how many bytes each of the first folds gets. For the others there is no room,
// but for their names, in maxAbsentees.
func shares(folds []*fold, room int) []int {
	needs, total := make([]int, len(folds)), 0
	for i, f := range folds {
		needs[i] = f.need()
		total += needs[i]
	}
	if total <= room {
		return needs
	}
	room -= maxAbsentees
	var sizes []int
	for _, f := range folds {
		least := f.least()
		if least > room {
			break
		}
		sizes = append(sizes, least)
		room -= least
	}
	spread(sizes, needs, room)
	return sizes
}

// spread adds to sizes that are less than what is needed, to all the same as long as that is
// not more than they need.
func spread(sizes, needs []int, room int) {
	order := make([]int, len(sizes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(needs[a]-sizes[a], needs[b]-sizes[b]) })
	for done, i := range order {
		more := min(needs[i]-sizes[i], room/(len(order)-done))
		sizes[i] += more
		room -= more
	}
}
