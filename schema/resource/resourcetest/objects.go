// Package resourcetest has what benchmarks of several packages share.
package resourcetest

import (
	"fmt"
	"runtime"
	"testing"
)

// Sizes are how many objects [Objects] has benchmarks work on.
var Sizes = []int{1_000, 10_000, 100_000}

// Objects measures something for each of [Sizes], as sub-benchmarks of a name. Prepare makes
// that many objects, and what is returned is measured. It reports what one object takes, in
// time and in memory that is allocated, which must not grow with their number.
//
// Benchmarks with it are called BenchmarkObjects: make bench runs those of all packages, and
// prints their results as one table.
func Objects(b *testing.B, name string, prepare func(b *testing.B, n int) func()) {
	for _, n := range Sizes {
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			run := prepare(b, n)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for b.Loop() {
				run()
			}
			elapsed := b.Elapsed()
			runtime.ReadMemStats(&after)
			each := float64(b.N) * float64(n)
			b.ReportMetric(0, "ns/op") // says nothing
			b.ReportMetric(float64(elapsed.Nanoseconds())/each, "ns/object")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/each, "B/object")
		})
	}
}
