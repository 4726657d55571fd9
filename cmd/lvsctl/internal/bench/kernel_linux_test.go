package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// defaultBudget is how long all rounds may take: what make bench promises, less the time to
// build, to boot and to measure what needs no kernel.
const defaultBudget = 7 * time.Minute

// TestKernel measures lvsctl beside ipvsadm and keepalived on a real kernel, and writes what
// it took into a page. BENCH is the page, BENCH_ONLY a part of the names of those shapes that
// are measured, and BENCH_BUDGET how long that may take.
func TestKernel(t *testing.T) {
	page := os.Getenv("BENCH")
	if page == "" {
		t.Skip("NOT MEASURED: it takes minutes of a machine for itself, see make bench")
	}
	l := newLab(t)
	deadline := time.Now().Add(budget(t))
	var all []*measured
	for _, s := range shapes {
		if strings.Contains(s.name, os.Getenv("BENCH_ONLY")) {
			all = append(all, &measured{shape: s, files: l.files(s), costs: costs{}})
		}
	}
	for l.pass(all, deadline) {
		if err := rewrite(page, "kernel", conditions()+tableOf(all).markdown()); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("\n" + tableOf(all).markdown())
}

func budget(t *testing.T) time.Duration {
	text := os.Getenv("BENCH_BUDGET")
	if text == "" {
		return defaultBudget
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A measured shape is one with what it has cost so far.
type measured struct {
	shape
	files   files
	costs   costs
	done    int           // rounds
	longest time.Duration // of them
}

// due tells whether there is time for another round before a deadline. For the first one
// there is in any case.
func (m *measured) due(deadline time.Time) bool {
	return m.done == 0 || m.done < m.rounds && time.Until(deadline) > m.longest
}

// pass measures one round of each shape that is due, and tells whether there was one.
func (l *lab) pass(all []*measured, deadline time.Time) bool {
	any := false
	for _, m := range all {
		if !m.due(deadline) {
			continue
		}
		start := time.Now()
		l.round(m.shape, m.files, m.costs)
		took := time.Since(start)
		m.done, m.longest, any = m.done+1, max(m.longest, took), true
		l.t.Logf("%s, round %d took %v: %v", m.name, m.done, took.Round(time.Second), m.costs)
	}
	return any
}

// round measures each program at each of its tasks, one program after the other, so that
// what else the machine does meets all of them.
func (l *lab) round(s shape, f files, costs costs) {
	l.on("ipvsadm", func(d *director) { d.ipvsadm(s, f, costs) })
	l.on("netlink", func(d *director) { costs.add("netlink", d.send(s)) })
	l.on("lvsctl", func(d *director) { d.converge(s, f, costs) })
	l.on("keepalived", func(d *director) { d.balance(s, f, costs) })
}

// ipvsadm measures ipvsadm.
func (d *director) ipvsadm(s shape, f files, costs costs) {
	costs.add("ipvsadm -R", d.run(f.rules[first], "ipvsadm", "-R"))
	for range s.repeats {
		costs.add("ipvsadm -Sn", d.judge(s, first))
	}
	clearing := d.run("", "ipvsadm", "-C")
	costs.add("ipvsadm -C", clearing)
	if s.coldOnly {
		return
	}
	restoring := d.run(f.rules[replaced], "ipvsadm", "-R")
	d.judge(s, replaced)
	costs.add("ipvsadm -C, -R", cost{clearing.time + restoring.time, larger(clearing.memory, restoring.memory)})
}

// converge measures lvsctl.
func (d *director) converge(s shape, f files, costs costs) {
	costs.add("apply", d.apply(s, f, first))
	if s.coldOnly {
		return
	}
	for range s.repeats {
		costs.add("plan nothing", d.run("", d.lvsctl, "plan", f.config[first]))
		costs.add("plan edit", d.run("", d.lvsctl, "plan", f.config[edited]))
	}
	for _, v := range s.edits() {
		costs.add("edit", d.apply(s, f, v))
	}
	costs.add("replace", d.apply(s, f, replaced))
	costs.add("destroy", d.run("", d.lvsctl, "destroy", "--auto-approve", f.config[replaced]))
	d.judge(shape{name: "nothing"}, first)
}

// apply measures an apply, and has it judged.
func (d *director) apply(s shape, f files, v variant) cost {
	d.t.Helper()
	c := d.run("", d.lvsctl, "apply", "--auto-approve", f.config[v])
	d.judge(s, v)
	return c
}

// balance measures keepalived.
func (d *director) balance(s shape, f files, costs costs) {
	b, start := d.keep(s, d.copied(f.keepalived[first]))
	d.judge(s, first)
	var reloads []cost
	if !s.coldOnly {
		for _, v := range s.edits() {
			d.copied(f.keepalived[v])
			reloads = append(reloads, b.reload(s, v.weight))
			d.judge(s, v)
		}
	}
	stop := b.stop()
	costs.add("start", cost{start.time, stop.memory})
	for _, r := range reloads {
		costs.add("reload", cost{r.time, stop.memory})
	}
	costs.add("stop", stop)
}

func tableOf(all []*measured) table {
	var rows table
	for _, m := range all {
		if m.done > 0 {
			rows = append(rows, m.rows(m.costs)...)
		}
	}
	return rows
}

// rows are the rows of a table for a shape.
func (s shape) rows(c costs) table {
	row := func(what, ours, beside, theirs string) row {
		return row{s.name, what, c[ours], beside, c[theirs]}
	}
	rows := table{
		row("cold apply", "apply", "`ipvsadm -R`", "ipvsadm -R"),
		row("netlink alone", "netlink", "`ipvsadm -R`", "ipvsadm -R"),
		row("cold apply", "apply", "keepalived's start", "start"),
	}
	if s.coldOnly {
		return rows
	}
	return append(rows,
		row("plan, nothing to do", "plan nothing", "`ipvsadm -Sn`", "ipvsadm -Sn"),
		row("plan, one weight", "plan edit", "`ipvsadm -Sn`", "ipvsadm -Sn"),
		row("apply, one weight", "edit", "`ipvsadm -Sn`", "ipvsadm -Sn"),
		row("apply, one weight", "edit", "keepalived's reload", "reload"),
		row("apply, all real servers are others", "replace", "`ipvsadm -C`, then `-R`", "ipvsadm -C, -R"),
		row("destroy", "destroy", "`ipvsadm -C`", "ipvsadm -C"),
		row("destroy", "destroy", "keepalived's end", "stop"),
	)
}

// files are those that say what a shape is, in each variant and each program's words.
type files struct{ config, rules, keepalived map[variant]string }

func (l *lab) files(s shape) files {
	l.t.Helper()
	f := files{map[variant]string{}, map[variant]string{}, map[variant]string{}}
	for v, name := range map[variant]string{first: "first", edited: "edited", replaced: "replaced"} {
		f.config[v] = l.write(s, name+".hcl", shape.config, v)
		f.rules[v] = l.write(s, name+".rules", shape.rules, v)
		f.keepalived[v] = l.write(s, name+".conf", shape.keepalived, v)
	}
	return f
}

// write has a shape written to a file.
func (l *lab) write(s shape, name string, write form, v variant) string {
	l.t.Helper()
	path, err := s.writeFile(filepath.Join(l.dir, fmt.Sprint(s.services)), name, write, v)
	if err != nil {
		l.t.Fatal(err)
	}
	return path
}

// copied puts a copy of a file where keepalived reads its config.
func (d *director) copied(path string) string {
	d.t.Helper()
	to := filepath.Join(d.dir, "keepalived.conf")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return to
}

// conditions says on what and when was measured.
func conditions() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err.Error()
	}
	where := "a machine"
	if os.Getenv("LVSLAB") == "1" {
		where = "a guest of the lab"
	}
	return fmt.Sprintf("Measured on %s, Linux %s, on %s of %d processor(s).\n\n",
		time.Now().UTC().Format(time.DateOnly), unix.ByteSliceToString(u.Release[:]), where, processors())
}

func processors() int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return 0
	}
	return set.Count()
}
