package planner

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

const readingUnit = `
host "lb1" {
  address = "10.0.0.1"
  netns   = "lb1"
  file "/etc/nginx/nginx.conf" {
    content = "ours\n"
  }
  file "/etc/motd" {
    content = "hello\n"
  }
  unit "nginx.service" {
    running   = true
    reload_on = ["/etc/nginx/nginx.conf"]
  }
}
`

// listed is what a plan changes, a line each.
func listed(plan *Plan) string {
	var lines []string
	for _, c := range changesOf(plan) {
		lines = append(lines, c.Action.String()+" "+c.Key().Name+" ("+string(c.Reason)+")")
	}
	return strings.Join(lines, "\n")
}

// A unit reads its files again when one is put back that was changed by hand, which the unit
// may have read, but not when another file is, or when nobody finds other bytes in it.
func TestReadAgainWhatIsPutBack(t *testing.T) {
	w := newWorld("lb1")
	_, d := load(t, readingUnit)
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	file := w["lb1"].live.Get(resource.File{Path: "/etc/nginx/nginx.conf"}.Key()).(resource.File)
	motd := w["lb1"].live.Get(resource.File{Path: "/etc/motd"}.Key()).(resource.File)
	for _, tt := range []struct {
		name   string
		byHand func()
		want   string
	}{
		{"nothing", func() {}, ""},
		{"other bytes", func() { f := file; f.Content = "theirs\n"; w["lb1"].live.Add(f) },
			"update /etc/nginx/nginx.conf (changed on the host)\nupdate nginx.service files (a file that it reads is written)"},
		{"gone", func() { w["lb1"].live.Delete(file.Key()) },
			"create /etc/nginx/nginx.conf (removed on the host)\nupdate nginx.service files (a file that it reads is written)"},
		{"another mode", func() { f := file; f.Mode = 0o600; w["lb1"].live.Add(f) },
			"update /etc/nginx/nginx.conf (changed on the host)"},
		{"a file that it does not read", func() { f := motd; f.Content = "theirs\n"; w["lb1"].live.Add(f) },
			"update /etc/motd (changed on the host)"},
		{"the order was recorded otherwise", func() {
			f := file
			f.Content = "theirs\n"
			w["lb1"].live.Add(f)
			w["lb1"].ledger.Steps["host: units"] = nil
		}, "update /etc/nginx/nginx.conf (changed on the host)\nadopt nginx.service running (reordered)\nupdate nginx.service files (a file that it reads is written)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.byHand()
			plan := Make(d, w.snapshots(d))
			if diff := cmp.Diff(tt.want, listed(plan)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if err := w.apply(plan, w.safe); err != nil {
				t.Fatal(err)
			}
			if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
				t.Errorf("the second plan is not empty:\n%s", render(again))
			}
		})
	}
}

// Of several files that a unit reads one is dropped: the unit reads the others when that one
// is gone. Rolled back, it reads all again when they are there again.
func TestReadAgainWithoutOne(t *testing.T) {
	const extra = "  file \"/etc/nginx/extra\" {\n    content = \"more\\n\"\n  }\n"
	both := strings.NewReplacer("  unit ", extra+"  unit ", `conf"]`, `conf", "/etc/nginx/extra"]`).Replace(readingUnit)
	w := newWorld("lb1")
	_, d := load(t, both)
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	before := w.observe(d)
	_, d = load(t, readingUnit)
	plan := Make(d, w.snapshots(d))
	if diff := cmp.Diff("delete /etc/nginx/extra (removed from config)\nupdate nginx.service files (changed in config)", listed(plan)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	w.begin()
	if err := w.apply(plan, w.safe); err != nil {
		t.Fatal(err)
	}
	if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
		t.Errorf("the second plan is not empty:\n%s", render(again))
	}
	back := Revert(w.journals(), w.all(), 0)
	if diff := cmp.Diff("create /etc/nginx/extra (rollback)\nupdate nginx.service files (rollback)", listed(back)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := w.revert(w.safe); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.observe(d), resourcetest.AsMaps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What was put back is rolled back: the unit reads what somebody had written.
func TestReadAgainTheirs(t *testing.T) {
	w := newWorld("lb1")
	_, d := load(t, readingUnit)
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	w["lb1"].live.Add(resource.File{Path: "/etc/nginx/nginx.conf", Content: "theirs\n", Mode: 0o644, Owner: "root", Group: "root"})
	before := w.observe(d)
	w.begin()
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	back := Revert(w.journals(), w.all(), 0)
	if diff := cmp.Diff("update /etc/nginx/nginx.conf (rollback)\nupdate nginx.service files (a file that it reads is written)", listed(back)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := w.revert(w.safe); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.observe(d), resourcetest.AsMaps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Wherever it is cut off, the next apply has the unit read what is there.
func TestReadAgainCutOff(t *testing.T) {
	for after := range 3 {
		w := newWorld("lb1")
		_, d := load(t, readingUnit)
		if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
			t.Fatal(err)
		}
		w["lb1"].live.Add(resource.File{Path: "/etc/nginx/nginx.conf", Content: "theirs\n", Mode: 0o644, Owner: "root", Group: "root"})
		left := after
		err := w.apply(Make(d, w.snapshots(d)), func() error {
			if left--; left < 0 {
				return errCutOff
			}
			return nil
		})
		again := listed(Make(d, w.snapshots(d)))
		if read := err == nil || after == 1; strings.Contains(again, "nginx.service files") == read {
			t.Errorf("cut off after %d changes: %v, then\n%s", after, err, again)
		}
	}
}

// A host boots, which forgets what units have read. Given up after that, they read what was
// before all the same.
func TestReadAgainAfterBoot(t *testing.T) {
	w := newWorld("lb1")
	w["lb1"].live.Add(resource.File{Path: "/etc/nginx/nginx.conf", Content: "before\n", Mode: 0o644, Owner: "root", Group: "root"})
	_, d := load(t, readingUnit)
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	w["lb1"].live.Add(resource.Unit{Name: "nginx.service", Setting: resource.UnitFiles})
	gone := d.Withdraw()
	text := listed(Make(gone, w.snapshots(d)))
	file, unit := strings.Index(text, "restore /etc/nginx/nginx.conf"), strings.Index(text, "restore nginx.service files")
	if file < 0 || unit < file {
		t.Errorf("the unit does not read what was before:\n%s", text)
	}
}

// Several units read what is put back, whatever else the plan has for them.
func TestReadAgainAll(t *testing.T) {
	text := strings.Replace(readingUnit, "  unit ", "  unit \"a.service\" {\n    reload_on = [\"/etc/nginx/nginx.conf\"]\n  }\n  unit ", 1)
	w := newWorld("lb1")
	_, d := load(t, text)
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	w["lb1"].live.Add(resource.File{Path: "/etc/nginx/nginx.conf", Content: "theirs\n", Mode: 0o644, Owner: "root", Group: "root"})
	key := resource.Unit{Name: "nginx.service", Setting: resource.UnitFiles}.Key()
	claim := w["lb1"].ledger.Claims.Get(key)
	claim.Want = resource.Unit{Name: "nginx.service", Setting: resource.UnitFiles, Value: "other"}
	w["lb1"].ledger.Claims.Put(key, claim)
	text = listed(Make(d, w.snapshots(d)))
	for _, name := range []string{"a.service", "nginx.service"} {
		if want := "update " + name + " files (a file that it reads is written)"; strings.Count(text, want) != 1 {
			t.Errorf("%s does not read its file:\n%s", name, text)
		}
	}
}

// Given up or rolled back, a unit reads its files when they are what they were before. It is
// stopped before that if it was not running.
func TestReadAgainWhatWasBefore(t *testing.T) {
	want := []string{"nginx.service running", "/etc/nginx/nginx.conf", "nginx.service files"}
	inOrder := func(t *testing.T, plan *Plan) {
		t.Helper()
		text := listed(plan)
		last := -1
		for _, word := range want {
			at := strings.Index(text, word)
			if at < last || strings.Count(text, word) != 1 {
				t.Fatalf("%q is not once and in this order: %q\n%s", word, want, text)
			}
			last = at
		}
	}
	prepare := func() world {
		w := newWorld("lb1")
		w["lb1"].live.Add(resource.File{Path: "/etc/nginx/nginx.conf", Content: "before\n", Mode: 0o644, Owner: "root", Group: "root"})
		return w
	}
	t.Run("destroyed", func(t *testing.T) {
		w := prepare()
		_, d := load(t, readingUnit)
		if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
			t.Fatal(err)
		}
		_, d = load(t, "host \"lb1\" {\n  address = \"10.0.0.1\"\n  netns = \"lb1\"\n}\n")
		plan := Make(d, w.snapshots(d))
		inOrder(t, plan)
		if err := w.apply(plan, w.safe); err != nil {
			t.Fatal(err)
		}
		if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
			t.Errorf("the second plan is not empty:\n%s", render(again))
		}
	})
	t.Run("rolled back", func(t *testing.T) {
		w := prepare()
		_, d := load(t, readingUnit)
		w.begin()
		if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
			t.Fatal(err)
		}
		inOrder(t, Revert(w.journals(), w.all(), 0))
	})
}
