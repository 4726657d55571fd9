package bench

import (
	"bufio"
	"bytes"
	"hash/maphash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// run has a program run on the host to its end.
func (d *director) run(input, name string, args ...string) cost {
	d.t.Helper()
	cmd := exec.Command(name, args...)
	out, err := os.Create(filepath.Join(d.dir, "output"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if input != "" {
		in, err := os.Open(input)
		if err != nil {
			d.t.Fatal(err)
		}
		defer in.Close()
		cmd.Stdin = in
	}
	start := time.Now()
	if err = d.StartCmd(cmd); err == nil {
		err = cmd.Wait()
	}
	took := time.Since(start)
	if err != nil {
		d.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, lastLines(out))
	}
	return cost{took, peak(cmd)}
}

// peak is the most memory that a program that has ended had at a time, or one of its
// children. Before it was that program it was this one, which counts: less cannot be told.
func peak(cmd *exec.Cmd) memory {
	var self syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &self) // cannot fail
	most := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	return memory{most << 10, most <= self.Maxrss}
}

// lastLines is the end of what a program has printed.
func lastLines(f *os.File) string {
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-2000), 2000))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// A sum is that of lines in any order.
type sum struct {
	lines int
	hash  uint64
}

// summed writes lines to a sum.
type summed struct {
	seed maphash.Seed
	sum
}

func (s *summed) line(text []byte) {
	s.lines++
	s.hash += maphash.Bytes(s.seed, bytes.TrimSpace(text))
}

// judge demands that ipvsadm prints the rules of a shape and nothing else, and returns what
// printing took.
func (d *director) judge(s shape, v variant) cost {
	d.t.Helper()
	c := d.run("", "ipvsadm", "-Sn")
	seed := maphash.MakeSeed()
	want, got := summed{seed: seed}, summed{seed: seed}
	r, w := io.Pipe()
	go func() {
		buffered := bufio.NewWriter(w)
		s.rules(buffered, v)
		w.CloseWithError(buffered.Flush())
	}()
	want.all(r)
	printed, err := os.Open(filepath.Join(d.dir, "output"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer printed.Close()
	got.all(printed)
	if got.sum != want.sum {
		d.t.Fatalf("%s: ipvsadm prints %d lines, and %d others should be there", s.name, got.lines, want.lines)
	}
	return c
}

// all adds the lines of a reader.
func (s *summed) all(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		s.line(lines.Bytes())
	}
}
