// Package resourcetest has what benchmarks of several packages share.
package resourcetest

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// Sizes are how many objects [Objects] has benchmarks work on.
var Sizes = []int{1_000, 10_000, 100_000}

// Objects measures something for each of [Sizes], as sub-benchmarks of a name. Prepare makes
// that many objects, and what is returned is measured. It reports what one object takes, in
// time and in memory that is allocated, which must not grow with their number.
//
// What is done to few objects is done so often that it is as many in all, for the garbage
// collector to have the same share of each.
//
// Benchmarks with it are called BenchmarkObjects: make bench runs those of all packages, and
// prints their results as one table.
func Objects(b *testing.B, name string, prepare func(b *testing.B, n int) func()) {
	all := Sizes[len(Sizes)-1]
	for _, n := range Sizes {
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			run := prepare(b, n)
			took, bytes := Best(b, func() {
				for range all / n {
					run()
				}
			})
			b.ReportMetric(0, "ns/op") // says nothing
			b.ReportMetric(float64(took.Nanoseconds())/float64(all), "ns/object")
			b.ReportMetric(float64(bytes)/float64(all), "B/object")
		})
	}
}

// How often [Best] tries: as often as there is time for, within bounds.
const (
	fewest = 2
	most   = 10
	within = time.Second
)

// Best is the least that something took of several times, and what it allocated then. Each
// time the garbage of what was before is gone. It is one iteration of the benchmark.
func Best(b *testing.B, run func()) (took time.Duration, bytes uint64) {
	b.Helper()
	var before, after runtime.MemStats
	for b.Loop() {
		begin := time.Now()
		for i := 0; i < fewest || i < most && time.Since(begin) < within; i++ {
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			run()
			t := time.Since(start)
			runtime.ReadMemStats(&after)
			if took == 0 || t < took {
				took, bytes = t, after.TotalAlloc-before.TotalAlloc
			}
		}
	}
	return took, bytes
}
