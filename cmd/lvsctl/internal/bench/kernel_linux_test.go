package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"golang.org/x/sys/unix"
)

// defaultBudget is how long all rounds may take: what make bench promises, less the time to
// boot and to measure what needs no kernel.
const defaultBudget = 8 * time.Minute

// TestKernel measures lvsctl beside ipvsadm and keepalived on a real kernel, and writes what
// it took into a page. BENCH is the page, BENCH_ONLY a part of the names of those shapes that
// are measured, and BENCH_BUDGET how long that may take.
func TestKernel(t *testing.T) {
	page := os.Getenv("BENCH")
	if page == "" {
		t.Skip("NOT MEASURED: it takes minutes of a machine for itself, see make bench")
	}
	lvsctl, err := filepath.Abs("../../../../bin/lvsctl")
	if err != nil {
		t.Fatal(err)
	}
	d := &director{Host: topo.New(t).Host("lb1", topo.NIC("eth0", "lan", "10.255.0.1/8")), t: t, dir: t.TempDir(), lvsctl: lvsctl}
	d.Run("modprobe", "-a", "ip_vs", "ip_vs_wlc")
	deadline := time.Now().Add(budget(t))
	var all table
	for _, s := range shapes {
		if strings.Contains(s.name, os.Getenv("BENCH_ONLY")) {
			all = append(all, d.measure(s, deadline)...)
			if err := rewrite(page, "kernel", conditions()+all.markdown()); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Log("\n" + all.markdown())
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

// measure measures rounds of a shape, as many as it asks for and as there is time for, but
// one in any case.
func (d *director) measure(s shape, deadline time.Time) table {
	costs := costs{}
	f := d.files(s)
	rounds := 0
	for longest := time.Duration(0); rounds < s.rounds && (rounds == 0 || time.Until(deadline) > longest); rounds++ {
		start := time.Now()
		d.round(s, f, costs)
		longest = max(longest, time.Since(start))
		d.t.Logf("%s, round %d took %v: %v", s.name, rounds+1, time.Since(start).Round(time.Second), costs)
	}
	return s.rows(costs)
}

// round measures each program at each of its tasks once, one program after the other, so
// that what else the machine does meets all of them.
func (d *director) round(s shape, f files, costs costs) {
	d.bare()
	costs.add("ipvsadm -R", d.run(f.rules[first], "ipvsadm", "-R"))
	d.judge(s, first)
	costs.add("ipvsadm -Sn", d.run("", "ipvsadm", "-Sn"))
	costs.add("ipvsadm -C", d.run("", "ipvsadm", "-C"))

	costs.add("apply", d.apply(s, f, first))
	if !s.coldOnly {
		costs.add("plan nothing", d.run("", d.lvsctl, "plan", f.config[first]))
		costs.add("plan edit", d.run("", d.lvsctl, "plan", f.config[edited]))
		costs.add("edit", d.apply(s, f, edited))
		costs.add("replace", d.apply(s, f, replaced))
		costs.add("destroy", d.run("", d.lvsctl, "destroy", "--auto-approve", f.config[replaced]))
		d.judge(shape{name: "nothing"}, first)
	}

	d.bare()
	file := d.copied(f.keepalived[first])
	b, start := d.keep(s, file)
	d.judge(s, first)
	var reload cost
	if !s.coldOnly {
		d.copied(f.keepalived[edited])
		reload = b.reload(s, edited.weight)
		d.judge(s, edited)
	}
	stop := b.stop()
	start.memory, reload.memory = stop.memory, stop.memory
	costs.add("start", start)
	costs.add("reload", reload)
	costs.add("stop", stop)
}

// apply measures an apply, and has it judged.
func (d *director) apply(s shape, f files, v variant) cost {
	d.t.Helper()
	c := d.run("", d.lvsctl, "apply", "--auto-approve", f.config[v])
	d.judge(s, v)
	return c
}

// rows are the rows of a table for a shape.
func (s shape) rows(c costs) table {
	row := func(what, ours, beside, theirs string) row {
		return row{s.name, what, len(c[ours]), median(c[ours]), beside, median(c[theirs])}
	}
	rows := table{
		row("cold apply", "apply", "`ipvsadm -R`", "ipvsadm -R"),
		row("cold apply", "apply", "keepalived's start", "start"),
	}
	if s.coldOnly {
		return rows
	}
	rows = append(rows,
		row("plan, nothing to do", "plan nothing", "`ipvsadm -Sn`", "ipvsadm -Sn"),
		row("plan, one weight", "plan edit", "`ipvsadm -Sn`", "ipvsadm -Sn"),
		row("apply, one weight", "edit", "`ipvsadm -Sn`", "ipvsadm -Sn"),
		row("apply, one weight", "edit", "keepalived's reload", "reload"),
		row("apply, all real servers are others", "replace", "`ipvsadm -C`, then `-R`", "ipvsadm -R"),
		row("destroy", "destroy", "`ipvsadm -C`", "ipvsadm -C"),
		row("destroy", "destroy", "keepalived's end", "stop"),
	)
	swap := &rows[len(rows)-3] // as many rules are restored, whatever they say
	swap.theirs.time += median(c["ipvsadm -C"]).time
	return rows
}

// files are those that say what a shape is, in each variant and each program's words.
type files struct{ config, rules, keepalived map[variant]string }

func (d *director) files(s shape) files {
	d.t.Helper()
	f := files{map[variant]string{}, map[variant]string{}, map[variant]string{}}
	for v, name := range map[variant]string{first: "first", edited: "edited", replaced: "replaced"} {
		f.config[v] = d.write(s, name+".hcl", shape.config, v)
		f.rules[v] = d.write(s, name+".rules", shape.rules, v)
		f.keepalived[v] = d.write(s, name+".conf", shape.keepalived, v)
	}
	return f
}

// write has a shape written to a file.
func (d *director) write(s shape, name string, write form, v variant) string {
	d.t.Helper()
	path, err := s.writeFile(d.dir, name, write, v)
	if err != nil {
		d.t.Fatal(err)
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
