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
	memory int64 // bytes, the most that it or one of its children had at a time
}

// String writes the time, for logs.
func (c cost) String() string { return seconds(c.time) }

// costs are those of some runs, by what was run.
type costs map[string][]cost

func (c costs) add(what string, of cost) { c[what] = append(c[what], of) }

// median is the median of times, and the largest of memories.
func median(costs []cost) cost {
	sorted := slices.SortedFunc(slices.Values(costs), func(a, b cost) int { return int(a.time - b.time) })
	m := sorted[len(sorted)/2]
	for _, c := range costs {
		m.memory = max(m.memory, c.memory)
	}
	return m
}

// A row compares what lvsctl took with what something else took for the same.
type row struct {
	shape, what string
	runs        int
	ours        cost
	beside      string
	theirs      cost
}

type table []row

// markdown writes the table.
func (t table) markdown() string {
	var b strings.Builder
	b.WriteString("| real servers | lvsctl | time | peak memory | beside | time | peak memory | ratio | runs |\n|---|---|--:|--:|---|--:|--:|--:|--:|\n")
	for _, r := range t {
		fmt.Fprintf(&b, "| %s | %s | %s | %d MiB | %s | %s | %d MiB | %.2f | %d |\n",
			r.shape, r.what, seconds(r.ours.time), r.ours.memory>>20, r.beside, seconds(r.theirs.time), r.theirs.memory>>20,
			r.ours.time.Seconds()/r.theirs.time.Seconds(), r.runs)
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
