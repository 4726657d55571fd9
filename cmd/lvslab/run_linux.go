package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// runOptions are the flags of "lvslab run"; the environment sets their defaults.
type runOptions struct {
	timeout  time.Duration
	memory   int
	cpus     int
	kvm      string
	writable []string
}

// runCommand is "lvslab run".
func runCommand(args []string) error {
	opts, args, err := parseRun(args)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("run needs root: the guest reads the machine's files as root")
	}
	l := newLab()
	k, err := l.setup()
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find working directory: %w", err)
	}
	kvm, err := l.useKVM(opts.kvm, k)
	if err != nil {
		return err
	}
	initrd, err := buildInitramfs(k, job{
		Args: args, Env: append(os.Environ(), "LVSLAB=1"), Dir: dir, Writable: opts.writable, Emulated: !kvm,
	})
	if err != nil {
		return err
	}
	return run(machine{kernel: k, initrd: initrd, kvm: kvm, memory: opts.memory, cpus: opts.cpus,
		writable: opts.writable}, opts.timeout)
}

// parseRun reads flags and environment and returns the program's arguments.
func parseRun(args []string) (opts runOptions, rest []string, err error) {
	opts = runOptions{timeout: 10 * time.Minute, memory: 2048, cpus: 2, kvm: "auto"}
	if err := opts.environment(); err != nil {
		return opts, nil, &exitError{exitUsage, err}
	}
	flags := flag.NewFlagSet("lvslab run", flag.ContinueOnError)
	flags.DurationVar(&opts.timeout, "timeout", opts.timeout, "end the guest after this `time` (LVSLAB_TIMEOUT)")
	flags.IntVar(&opts.memory, "memory", opts.memory, "the guest's memory in `MiB` (LVSLAB_MEMORY)")
	flags.IntVar(&opts.cpus, "cpus", opts.cpus, "the guest's number of processors (LVSLAB_CPUS)")
	flags.StringVar(&opts.kvm, "kvm", opts.kvm, "hardware virtualisation: auto, on or off (LVSLAB_KVM)")
	flags.Func("writable", "`DIR` that the program may change on the machine; repeatable (LVSLAB_WRITABLE)",
		opts.addWritable)
	if err := parseFlags(flags, "lvslab run [flags] PROG ARGS...", args); err != nil {
		return opts, nil, err
	}
	if flags.NArg() == 0 {
		return opts, nil, &exitError{exitUsage, errors.New("run what? no program given")}
	}
	return opts, flags.Args(), nil
}

// environment sets the defaults that LVSLAB_ variables give.
func (o *runOptions) environment() (err error) {
	if s := os.Getenv("LVSLAB_TIMEOUT"); s != "" {
		if o.timeout, err = time.ParseDuration(s); err != nil {
			return fmt.Errorf("LVSLAB_TIMEOUT: %w", err)
		}
	}
	for name, field := range map[string]*int{"LVSLAB_MEMORY": &o.memory, "LVSLAB_CPUS": &o.cpus} {
		if s := os.Getenv(name); s != "" {
			if *field, err = strconv.Atoi(s); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if s := os.Getenv("LVSLAB_KVM"); s != "" {
		o.kvm = s
	}
	for dir := range strings.SplitSeq(os.Getenv("LVSLAB_WRITABLE"), ":") {
		if dir == "" {
			continue
		}
		if err := o.addWritable(dir); err != nil {
			return fmt.Errorf("LVSLAB_WRITABLE: %w", err)
		}
	}
	return nil
}

// addWritable adds a directory that must be there.
func (o *runOptions) addWritable(dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "share", Path: abs, Err: syscall.ENOTDIR}
	}
	o.writable = append(o.writable, abs)
	return nil
}

// Where a guest is emulated on a machine with much else to do, it happens now and then that
// its kernel never gets to the end of its boot. It is given up then, and another one started.
const (
	bootTime     = 90 * time.Second // a boot takes a few seconds, and some more on a busy machine
	bootAttempts = 3
)

var errNoBoot = errors.New("the guest did not boot")

// run boots the guest and stays with it until its program has ended.
func run(m machine, timeout time.Duration) error {
	runtime.LockOSThread() // for the emulator's parent-death signal
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	expired := time.After(timeout)
	for attempt := 1; ; attempt++ {
		err := attend(m, signals, expired, timeout)
		if !errors.Is(err, errNoBoot) || attempt == bootAttempts {
			return err
		}
		fmt.Fprintf(os.Stderr, "lvslab: the guest did not boot within %v, starting another one\n", bootTime)
	}
}

// attend is run for one guest. Before its program starts nothing was read from standard
// input, and nothing was printed.
func attend(m machine, signals <-chan os.Signal, expired <-chan time.Time, timeout time.Duration) error {
	g, err := startGuest(m)
	if err != nil {
		return err
	}
	defer g.stop()
	s := newSession(g)
	hung, ready := time.After(bootTime), s.ready
	for {
		select {
		case err := <-s.done:
			return err
		case <-ready:
			hung, ready = nil, nil
		case <-hung:
			return s.trouble(exitTrouble, fmt.Errorf("%w within %v", errNoBoot, bootTime))
		case sig := <-signals:
			number := sig.(syscall.Signal)
			if number == syscall.SIGQUIT { // a Go program answers with its goroutines
				go s.out.send(frameSignal, []byte{byte(number)})
				continue
			}
			return &exitError{code: 128 + int(number)}
		case <-expired:
			s.lastWords()
			return s.trouble(exitTimeout, fmt.Errorf("the guest did not end within %v", timeout))
		}
	}
}

// lastWords gives the program a moment to say where it hangs: a Go program that
// gets this signal prints its goroutines.
func (s *session) lastWords() {
	go s.out.send(frameSignal, []byte{byte(syscall.SIGQUIT)})
	select {
	case <-s.done:
	case <-time.After(3 * time.Second):
	}
}

// session is the conversation with one guest.
type session struct {
	guest   *guest
	console *tail
	drained chan struct{} // closed when the console has ended
	out     *frameWriter
	ready   chan struct{} // closed when the program is about to start
	done    chan error    // how the program ended: nil, *exitError
}

// newSession starts copying in both directions.
func newSession(g *guest) *session {
	s := &session{guest: g, console: newTail(60), drained: make(chan struct{}), out: &frameWriter{w: g.port},
		ready: make(chan struct{}), done: make(chan error, 1)}
	go func() {
		io.Copy(s.console, g.console)
		close(s.drained)
	}()
	go func() { s.done <- s.receive() }()
	go s.sendStdin()
	return s
}

// receive passes on what the program prints until it ends or the guest does.
func (s *session) receive() error {
	for {
		kind, data, err := readFrame(s.guest.port)
		if err != nil {
			return s.died(err)
		}
		switch kind {
		case frameReady:
			close(s.ready)
		case frameStdout:
			_, err = os.Stdout.Write(data)
		case frameStderr:
			_, err = os.Stderr.Write(data)
		case frameFailed:
			return s.trouble(exitTrouble, fmt.Errorf("guest: %s", data))
		case frameExit:
			if len(data) == 1 && data[0] == 0 {
				return nil
			}
			return &exitError{code: int(data[0])}
		}
		if err != nil {
			return &exitError{exitTrouble, fmt.Errorf("pass on output: %w", err)}
		}
	}
}

// sendStdin passes on standard input once there is someone to read it.
func (s *session) sendStdin() {
	<-s.ready
	if _, err := io.Copy(s.out.stream(frameStdin), os.Stdin); err == nil || errors.Is(err, unix.EBADF) {
		s.out.send(frameStdin, nil)
	}
}

// died explains a guest that went away without an exit code.
func (s *session) died(cause error) error {
	select {
	case <-s.guest.ended:
	case <-time.After(time.Second):
	}
	if text := s.guest.stderr.String(); text != "" {
		return s.trouble(exitTrouble, fmt.Errorf("the emulator failed: %s", text))
	}
	return s.trouble(exitTrouble, fmt.Errorf("the guest ended without an exit code: %w", cause))
}

// trouble adds the end of the console to an error.
func (s *session) trouble(code int, err error) error {
	s.guest.stop()
	select {
	case <-s.drained:
	case <-time.After(time.Second):
	}
	text := s.console.String()
	if text == "" {
		text = "(nothing)"
	}
	return &exitError{code, fmt.Errorf("%w\n--- the guest's console ---\n%s", err, text)}
}
