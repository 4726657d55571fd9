// Package command is lvsctl's command line: one file a command. A command parses its
// arguments, decides, and has the view print.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// The exit codes, as documented for users.
const (
	exitError       = 1
	exitDrift       = 2 // drift, or a pending plan with --detailed-exitcode
	exitLocked      = 3
	exitPartial     = 6 // an apply failed and what it did is left
	exitUnreachable = 7
	exitInterrupted = 130
)

// An exit ends the program with a code. Its error may be nil where all was said.
type exit struct {
	code int
	err  error
}

// Error implements error.
func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns what led to the exit.
func (e *exit) Unwrap() error { return e.err }

// app is what all commands share: where they read and print, and the global flags.
type app struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time

	stateDir string
	color    string
	json     bool
	hosts    []string
	vars     []string
	events   bool // JSON is one line an event, not one document
}

// Main runs lvsctl and returns its exit code.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: out, err: errOut, now: time.Now}
	root := a.root()
	root.SetArgs(args)
	return a.exitCode(root.ExecuteContext(context.Background()))
}

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP ends, so
// that what is in flight can be finished. The second one ends the program at once.
//
// It is for commands that change something. All others end at once, as programs do.
// What they print may go nowhere: a reader that left early does not stop them half-way.
func interruptible(parent context.Context, errOut io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		fmt.Fprintln(errOut, "\nInterrupted: what has begun is finished. Once more to leave at once.")
		cancel()
		if _, ok := <-signals; ok {
			os.Exit(exitInterrupted)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "lvsctl",
		Short:         "Declarative, reviewed, reversible Linux Virtual Server clusters",
		Long:          "lvsctl brings Linux Virtual Server clusters to the state that HCL files describe:\nIPVS, addresses, routes and kernel settings on directors and real servers, in one\nordered plan.",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if !slices.Contains([]string{"auto", "always", "never"}, a.color) {
				return fmt.Errorf(`--color %s: want "auto", "always" or "never"`, a.color)
			}
			return nil
		},
		Example: "  lvsctl validate examples/dr\n  lvsctl plan examples/dr\n  lvsctl apply examples/dr\n  lvsctl drift examples/dr",
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	flags := root.PersistentFlags()
	flags.StringVar(&a.color, "color", "auto", `colour output: "auto", "always" or "never"`)
	flags.StringVar(&a.stateDir, "state-dir", defaultStateDir(), "where the ledger of this machine is kept")
	root.AddCommand(
		a.validate(), a.format(), a.plan(), a.apply(), a.drift(), a.show(), a.destroy(), a.version(), a.agent(),
	)
	return root
}

// defaultStateDir is the state directory unless the environment names another one.
func defaultStateDir() string {
	if dir := os.Getenv("LVSCTL_STATE_DIR"); dir != "" {
		return dir
	}
	return "/var/lib/lvsctl"
}

// configFlags adds the flags of commands that read a config.
func (a *app) configFlags(c *cobra.Command) {
	c.Flags().StringArrayVar(&a.vars, "var", nil, "set a `NAME=VALUE` variable of the config (repeatable)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
}

// hostFlags adds the flags of commands that go to hosts.
func (a *app) hostFlags(c *cobra.Command) {
	a.configFlags(c)
	c.Flags().StringArrayVar(&a.hosts, "host", nil, "only this `HOST` of the config (repeatable)")
}

// printer prints for people on w.
func (a *app) printer(w io.Writer) *view.Printer {
	width := 80
	file, isFile := w.(*os.File)
	terminal := isFile && term.IsTerminal(int(file.Fd()))
	if terminal {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 {
			width = columns
		}
	}
	color := a.color == "always" || a.color == "auto" && terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return view.NewPrinter(w, color, width)
}

// exitCode says what has not been said yet and turns an error into an exit code.
func (a *app) exitCode(err error) int {
	if err == nil {
		return 0
	}
	code := codeOf(err)
	var e *exit
	if !errors.As(err, &e) || e.err != nil {
		a.printer(a.err).Error(err)
	}
	return code
}
