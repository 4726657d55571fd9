package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A cost is what a run of a program took.
type cost struct {
	time   time.Duration
	memory memory // the most that it or one of its children had at a time
}

// A memory is so many bytes, or no more than so many.
type memory struct {
	bytes  int64
	orLess bool
}

// String writes the memory for the table.
func (m memory) String() string {
	text := fmt.Sprintf("%d MiB", m.bytes>>20)
	if m.orLess {
		return "≤ " + text
	}
	return text
}

// larger is the larger one of two.
func larger(a, b memory) memory {
	if a.bytes > b.bytes {
		return a
	}
	return b
}

// String writes the time, for logs.
func (c cost) String() string { return seconds(c.time) }

// costs are those of some runs, by what was run.
type costs map[string][]cost

func (c costs) add(what string, of cost) { c[what] = append(c[what], of) }

// median is the median of times, which is half-way between two where their number is even, and
// the largest of memories.
func median(costs []cost) cost {
	sorted := slices.SortedFunc(slices.Values(costs), func(a, b cost) int { return int(a.time - b.time) })
	m := cost{time: (sorted[(len(sorted)-1)/2].time + sorted[len(sorted)/2].time) / 2}
	for _, c := range costs {
		m.memory = larger(m.memory, c.memory)
	}
	return m
}

// A row compares what lvsctl took with what something else took for the same.
type row struct {
	shape, what string
	ours        []cost // of each run
	beside      string
	theirs      []cost
}

type table []row

// markdown writes the table.
func (t table) markdown() string {
	var b strings.Builder
	b.WriteString("| real servers | lvsctl | time | peak memory | beside | time | peak memory | ratio | runs |\n|---|---|--:|--:|---|--:|--:|--:|--:|\n")
	for _, r := range t {
		ours, theirs := median(r.ours), median(r.theirs)
		fmt.Fprintf(&b, "| %s | %s | %s | %v | %s | %s | %v | %.2f | %d, %d |\n",
			r.shape, r.what, seconds(ours.time), ours.memory, r.beside, seconds(theirs.time), theirs.memory,
			ours.time.Seconds()/theirs.time.Seconds(), len(r.ours), len(r.theirs))
	}
	return b.String()
}

// seconds writes a time with three digits.
func seconds(d time.Duration) string {
	switch s := d.Seconds(); {
	case s >= 100:
		return fmt.Sprintf("%.0f s", s)
	case s >= 10:
		return fmt.Sprintf("%.1f s", s)
	case s >= 1:
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}
