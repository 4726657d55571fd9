package ipvs

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// many makes operations for 100 services of 100 destinations each.
func many() (ops []Op) {
	g := newGenerator(22)
	for range 100 {
		s := simple(g.key(), "rr")
		ops = append(ops, Op{Add, s})
		for range 100 {
			ops = append(ops, Op{Add, g.destination(s.ServiceKey)})
		}
	}
	return ops
}

func BenchmarkKernelApply(b *testing.B) {
	c := namespace(b)
	ops := many()
	for b.Loop() {
		apply(b, c, ops...)
		b.StopTimer()
		if err := c.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ops)), "ns/change")
}

// BenchmarkKernelRestore has ipvsadm do what BenchmarkKernelApply does.
func BenchmarkKernelRestore(b *testing.B) {
	c := namespace(b)
	input := strings.Join(lines(many()), "\n") + "\n"
	for b.Loop() {
		cmd := exec.Command("ipvsadm", "-R")
		cmd.Stdin = strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		b.StopTimer()
		if err := c.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkKernelTable(b *testing.B) {
	c := namespace(b)
	apply(b, c, many()...)
	all := c.conns
	defer func() { c.conns = all }()
	for n := 1; n <= len(all); n *= 2 {
		c.conns = all[:n]
		b.Run(fmt.Sprintf("readers=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if entries, err := c.Table(); err != nil || len(entries) != 100 {
					b.Fatal(len(entries), err)
				}
			}
		})
	}
}
