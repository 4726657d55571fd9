package host

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/lvsctl/lvsctl/provider/agent"
)

// TestMain makes the test binary act as an agent when it is started as one: a connector
// starts the program that runs.
func TestMain(m *testing.M) {
	if args := os.Args[1:]; len(args) == 3 && args[0] == "agent" && args[1] == "--state-dir" {
		os.Exit(beAgent(args[2]))
	}
	os.Exit(m.Run())
}

func beAgent(dir string) int {
	local, err := Open(OpenMachine, dir, "agent")
	if err == nil {
		err = agent.Serve(context.Background(), local, "agent", os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
