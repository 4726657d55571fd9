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

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/host"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/manual"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/planfile"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// The exit codes, as documented for users.
const (
	exitError       = 1
	exitDrift       = 2 // drift, or a pending plan with --detailed-exitcode
	exitLocked      = 3
	exitStale       = 4
	exitRolledBack  = 5 // an apply failed and was undone
	exitPartial     = 6 // an apply failed and what it did is left
	exitUnreachable = 7
	exitInterrupted = 130
)

// exitCodes is what they mean, for the reference.
var exitCodes = []manual.ExitCode{
	{Code: 0, Meaning: "done; for drift and plan --detailed-exitcode: nothing to report"},
	{Code: exitError, Meaning: "error: configuration, usage or host; also a question that was not answered with yes, a probe that failed, or a plan that a policy refuses"},
	{Code: exitDrift, Meaning: "plan --detailed-exitcode: there are changes to make; drift: a host moved away from the last apply"},
	{Code: exitLocked, Meaning: "somebody else holds a host's lock, or the one that all runs share"},
	{Code: exitStale, Meaning: "a saved plan is stale; nothing was done"},
	{Code: exitRolledBack, Meaning: "an apply failed, or was not confirmed in time, and was rolled back"},
	{Code: exitPartial, Meaning: "an apply failed and so did the rollback, or it was told not to roll back, or lost the lock that all runs share; what was done is left and recorded"},
	{Code: exitUnreachable, Meaning: "a host cannot be reached; one that is lost during an apply is code 5 or 6"},
	{Code: exitInterrupted, Meaning: "interrupted; what was done was rolled back, or left if it was told so"},
}

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
	live     *view.LiveLine // of the terminal, nil for none
	machine  host.Opener
	serving  func(agent.Host) agent.Host // what an agent serves in the place of its host, nil for that

	stateDir  string
	color     string
	json      bool
	quiet     bool // warnings wait until there is something to say
	hosts     []string
	vars      []string
	varFiles  []string
	overrides []string         // policies to go past
	parallel  int              // how many hosts are talked to at once
	skip      bool             // go on without hosts that cannot be reached
	saved     planfile.Request // what a saved plan was asked for with
	events    bool             // JSON is one line an event, not one document

	formatName string   // what --format asks for
	output     *output  // likewise, nil for what all commands print
	documented bool     // it was printed
	begun      *session // the last one
}

// A Program is lvsctl.
type Program struct {
	Machine host.Opener // opens the machine that it runs on
	// Serving is what an agent serves in the place of its host; nil: the host.
	Serving func(agent.Host) agent.Host
}

// Main runs lvsctl and returns its exit code.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	return Program{Machine: host.OpenAnnouncing}.Main(args, in, out, errOut)
}

// Main runs the program and returns its exit code.
func (p Program) Main(args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: out, err: errOut, now: time.Now, live: liveLine(out), machine: p.Machine, serving: p.Serving}
	root := a.root()
	root.SetArgs(args)
	return a.exitCode(root.ExecuteContext(context.Background()))
}

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP ends, so
// that what is in flight can be finished. The second one ends the program at once.
//
// It is for commands that change something. All others end at once, as programs do.
// What they print may go nowhere: a reader that left early does not stop them half-way.
func (a *app) interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		fmt.Fprintln(a.live.Over(a.err), "\nInterrupted: the step that has begun is finished. Once more to leave at once.")
		cancel()
		if _, ok := <-signals; ok {
			a.live.Clear()
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
			if a.parallel < 1 {
				return fmt.Errorf("--parallelism %d: want 1 or more", a.parallel)
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
		a.validate(), a.format(), a.plan(), a.apply(), a.confirm(), a.rollback(), a.boot(), a.drift(), a.show(), a.adopt(), a.importing(), a.probe(), a.explain(), a.graph(), a.destroy(), a.history(), a.unlock(), a.version(), a.docs(),
		a.agent(),
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
	c.Flags().StringArrayVar(&a.varFiles, "var-file", nil, "set the variables in a `FILE` of lines NAME = VALUE, or of JSON (repeatable)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
}

// hostFlags adds the flags of commands that go to hosts.
func (a *app) hostFlags(c *cobra.Command) {
	a.configFlags(c)
	c.Flags().StringArrayVar(&a.hosts, "host", nil, "only this `HOST` of the config (repeatable)")
	c.Flags().IntVar(&a.parallel, "parallelism", defaultParallelism, "how many hosts to talk to at once")
}

// defaultParallelism is how many hosts are talked to at once.
const defaultParallelism = 10

// skipFlag adds the flag of commands that can go on without some hosts.
func (a *app) skipFlag(c *cobra.Command) {
	c.Flags().BoolVar(&a.skip, "skip-unreachable", false, "go on without hosts that cannot be reached, and without what depends on them")
}

// printer prints for people on w.
func (a *app) printer(w io.Writer) *view.Printer {
	width, terminal := 80, isTerminal(w)
	if terminal {
		width = columns(w.(*os.File))
	}
	color := a.color == "always" || a.color == "auto" && terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return view.NewPrinter(a.live.Over(w), color, width)
}

// liveLine is the line that shows what goes on, nil where w is no terminal that can rewrite
// it.
func liveLine(w io.Writer) *view.LiveLine {
	if !isTerminal(w) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return view.NewLiveLine(w, func() int { return columns(w.(*os.File)) })
}

func isTerminal(w io.Writer) bool {
	file, isFile := w.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

// columns is how wide a terminal is, 80 where it does not know.
func columns(terminal *os.File) int {
	if n, _, err := term.GetSize(int(terminal.Fd())); err == nil && n > 0 {
		return n
	}
	return 80
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
