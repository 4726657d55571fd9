// Lvsctl brings Linux Virtual Server clusters to the state that HCL files describe.
package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command"
)

func main() {
	collectLater()
	os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectLater keeps the garbage collector out of commands that are over before they take
// much memory, which most are: it begins when the heap has 80 MiB, twenty times as much as it
// would wait for otherwise, and from then on whenever the heap has grown by half. GOGC in the
// environment has the last word.
func collectLater() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(2000)
	runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, 50)
}
