// Lvsctl brings Linux Virtual Server clusters to the state that HCL files describe.
package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command"
)

func main() {
	boots := len(os.Args) > 1 && os.Args[1] == "boot" // in a service, which may have little
	if !boots && os.Getenv("GOGC")+os.Getenv("GOMEMLIMIT") == "" {
		collectLater()
	}
	os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectLater keeps the garbage collector out of commands that are over before they take
// much memory, which most are: it begins when the heap has 80 MiB, twenty times as much as it
// would wait for otherwise. From then on it collects whenever the heap has grown by half, and
// tries to make do with 128 MiB as long as there is enough garbage in them.
func collectLater() {
	const garbage = 28 << 20
	debug.SetGCPercent(2000)
	limit := debug.SetMemoryLimit(128 << 20)
	afterCollection(func(live uint64) (again bool) {
		debug.SetGCPercent(50)
		if again = live < 128<<20-garbage; !again {
			debug.SetMemoryLimit(limit)
		}
		return again
	})
}

// afterCollection calls a function after the next collection with how many bytes were not
// garbage, and after the one after that if it says so, and so on.
func afterCollection(do func(live uint64) (again bool)) {
	runtime.AddCleanup(new([64]byte), func(do func(uint64) bool) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if do(live[0].Value.Uint64()) {
			afterCollection(do)
		}
	}, do)
}
