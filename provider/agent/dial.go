package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// maxResponse bounds what a host may answer at once, in bytes. A snapshot of 100,000
// destinations takes a quarter of it.
const maxResponse = 256 << 20

// A remote is the other end of a pipe to an agent.
type remote struct {
	mu      sync.Mutex // one request at a time
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  *tail
	silence time.Duration // for which nothing may be heard
	watch   *time.Timer   // kills the agent then
	hung    atomic.Bool   // it has
	since   time.Time     // when it was started, or asked

	writing sync.Mutex
	hush    func() // ends saying that this end is there
}

// patience is how long nothing may be heard of an agent on the machine itself, and of one
// behind a command of the user's: as long as a slow login takes.
const patience = time.Minute

// Dial starts an agent and greets it. The context bounds the greeting; the agent itself
// lives until Close. Its errors have the code [Unreachable].
//
// The agent gets a session of its own, so that Ctrl-C reaches only this end, which then
// decides what becomes of the step in flight, and nothing that is on the way to it asks the
// terminal for anything.
func Dial(ctx context.Context, argv []string) (Host, error) {
	return dial(ctx, argv, patience, (*remote).greet)
}

// DialFar is Dial for an agent that may be behind a network, where this end can be gone
// without a word: each minds that it hears of the other.
func DialFar(ctx context.Context, argv []string) (Host, error) {
	return dial(ctx, argv, patience, (*remote).greetFar)
}

// dial starts a program and has begin bring an agent at its end to a greeting.
func dial(ctx context.Context, argv []string, silence time.Duration, begin func(*remote) error) (Host, error) {
	r := &remote{cmd: exec.Command(argv[0], argv[1:]...), stderr: &tail{}, silence: silence, hush: func() {}}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	r.cmd.Stderr = r.stderr
	r.cmd.WaitDelay = 5 * time.Second
	in, err := r.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.in, r.out = in, bufio.NewReaderSize(out, 1<<16)
	if err := r.cmd.Start(); err != nil {
		return nil, &Error{Unreachable, fmt.Sprintf("start %s: %v", argv[0], err)}
	}
	defer context.AfterFunc(ctx, r.kill)()
	defer r.listen()()
	if err := begin(r); err != nil {
		return nil, r.lost(ctx, "no agent answered", err)
	}
	return r, nil
}

// greet hears the agent's greeting.
func (r *remote) greet() error {
	var hello greeting
	if err := r.hear(&hello); err != nil {
		return err
	}
	return hello.check()
}

// greetFar hears the greeting of an agent behind a network.
func (r *remote) greetFar() error {
	if err := r.greet(); err != nil {
		return err
	}
	return r.keepInMind()
}

// listen begins to mind how long nothing is heard, until the returned function is called.
func (r *remote) listen() (enough func() bool) {
	r.since = time.Now()
	r.watch = time.AfterFunc(r.silence, func() {
		r.hung.Store(true)
		r.kill()
	})
	return r.watch.Stop
}

// Read implements [Host].
func (r *remote) Read(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	resp, err := r.ask(ctx, request{Read: &readRequest{keys}})
	if err == nil && resp.Snapshot == nil {
		return nil, &Error{Unreachable, "the agent answered a read without a snapshot"}
	}
	return resp.Snapshot, err
}

// Connections implements [Host].
func (r *remote) Connections(ctx context.Context, keys []resource.Key) (resource.Counts, error) {
	resp, err := r.ask(ctx, request{Count: &countRequest{keys}})
	if err != nil {
		return nil, err
	}
	if resp.Counts == nil {
		return nil, &Error{Unreachable, "the agent was asked for connections and answered something else"}
	}
	return *resp.Counts, nil
}

// Ask implements [Host].
func (r *remote) Ask(ctx context.Context, addresses []resource.Address) ([]resource.Neighbour, error) {
	resp, err := r.ask(ctx, request{Who: &whoRequest{addresses}})
	if err == nil && len(resp.Heard) != len(addresses) {
		return nil, &Error{Unreachable, fmt.Sprintf("the agent answered with what it heard of %d addresses, and was asked for %d", len(resp.Heard), len(addresses))}
	}
	return resp.Heard, err
}

// Lock implements [Host].
func (r *remote) Lock(ctx context.Context, by Holder, timeout time.Duration) error {
	_, err := r.ask(ctx, request{Lock: &lockRequest{by, timeout}})
	return err
}

// Apply implements [Host].
func (r *remote) Apply(ctx context.Context, step resource.Step) (resource.Outcome, error) {
	resp, err := r.ask(ctx, request{Apply: &step})
	if resp.Outcome == nil {
		return resource.Outcome{}, err
	}
	if err == nil {
		err = resp.Outcome.Check(step.Changes)
	}
	return *resp.Outcome, err
}

// Start implements [Host].
func (r *remote) Start(ctx context.Context, name string, apply resource.Apply, changes int) error {
	_, err := r.ask(ctx, request{Start: &startRequest{name, apply, changes}})
	return err
}

// End implements [Host].
func (r *remote) End(ctx context.Context, ending resource.Ending, note string) error {
	_, err := r.ask(ctx, request{End: &endRequest{ending, note}})
	return err
}

// Journal implements [Host].
func (r *remote) Journal(ctx context.Context) (*resource.Journal, error) {
	resp, err := r.ask(ctx, request{Ask: askJournal})
	return resp.Journal, err
}

// Alive implements [Host].
func (r *remote) Alive(ctx context.Context) error {
	_, err := r.ask(ctx, request{Ask: askAlive})
	return err
}

// Await implements [Host].
func (r *remote) Await(ctx context.Context) error {
	_, err := r.ask(ctx, request{Ask: askAwait})
	return err
}

// Confirmed implements [Host].
func (r *remote) Confirmed(ctx context.Context) (bool, error) {
	resp, err := r.ask(ctx, request{Ask: askConfirmed})
	return resp.Yes, err
}

// Confirm implements [Host].
func (r *remote) Confirm(ctx context.Context) (*resource.Apply, error) {
	resp, err := r.ask(ctx, request{Ask: askConfirm})
	return resp.Apply, err
}

// Unlock implements [Host].
func (r *remote) Unlock(ctx context.Context) ([]string, error) {
	resp, err := r.ask(ctx, request{Ask: askUnlock})
	return resp.Removed, err
}

// Probe implements [Host].
func (r *remote) Probe(ctx context.Context, probes []resource.Probe) ([]resource.ProbeOutcome, error) {
	resp, err := r.ask(ctx, request{Probe: &probeRequest{probes}})
	if err == nil && len(resp.Probed) != len(probes) {
		return nil, &Error{Unreachable, fmt.Sprintf("the agent answered with %d outcomes of %d probes", len(resp.Probed), len(probes))}
	}
	return resp.Probed, err
}

// closeTimeout is how long an agent may take to end after its input has.
const closeTimeout = 5 * time.Second

// Close implements [Host]. It ends the agent's input and waits for it to finish.
func (r *remote) Close() error {
	r.hush()
	_ = r.in.Close()
	late := time.AfterFunc(closeTimeout, r.kill)
	defer late.Stop()
	// Who still has its standard error is a ssh that stays for further sessions.
	if err := r.cmd.Wait(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("agent: %w%s", err, r.stderr.note())
	}
	return nil
}

// ask sends a request and waits for the response. Where the context ends meanwhile, so
// does the agent, unless it is applying a step: that is always waited for.
func (r *remote) ask(ctx context.Context, req request) (response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return response{}, err
	}
	if req.Apply == nil {
		stop := context.AfterFunc(ctx, r.kill)
		defer stop()
	}
	defer r.listen()()
	resp, err := r.exchange(req)
	if err != nil {
		return response{}, r.lost(ctx, "lost the agent", err)
	}
	if resp.Error != nil {
		return resp, resp.Error
	}
	return resp, nil
}

// exchange sends a request and hears the response.
func (r *remote) exchange(req request) (resp response, err error) {
	line, err := json.Marshal(req)
	if err != nil {
		return resp, err
	}
	if _, err := r.Write(append(line, '\n')); err != nil {
		return resp, err
	}
	return resp, r.hear(&resp)
}

// kill ends the agent and all that was started to reach it: they are one process group,
// and any of them may hold the pipe.
func (r *remote) kill() { _ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) }

// mouthful is how many bytes are sent at once.
const mouthful = 64 << 10

// Write sends bytes to the other end. That some were taken is a sign of life.
func (r *remote) Write(p []byte) (n int, err error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	for chunk := range slices.Chunk(p, mouthful) {
		written, err := r.in.Write(chunk)
		n += written
		if err != nil {
			return n, err
		}
		r.watch.Reset(r.silence)
	}
	return n, nil
}

// keepInMind has the agent end when it does not hear of this end for a while, and has it hear
// of it from now on.
func (r *remote) keepInMind() error {
	if _, err := r.exchange(request{Mind: &mindRequest{r.silence}}); err != nil {
		return err
	}
	over := make(chan struct{})
	r.hush = sync.OnceFunc(func() { close(over) })
	go func() {
		ticker := time.NewTicker(beat)
		defer ticker.Stop()
		for err := error(nil); err == nil; { // who asks something finds out what is wrong
			select {
			case <-over:
				return
			case <-ticker.C:
				r.writing.Lock()
				_, err = io.WriteString(r.in, "\n")
				r.writing.Unlock()
			}
		}
	}()
	return nil
}

// hear reads one line of JSON.
func (r *remote) hear(v any) error {
	line, err := r.line(maxResponse)
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

// line reads a line that is not empty, of so many bytes at the most. Empty ones are signs of
// life.
func (r *remote) line(most int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.out.ReadSlice('\n')
		r.watch.Reset(r.silence)
		line = append(line, part...)
		switch {
		case len(line) > most:
			return nil, fmt.Errorf("it says more than %d bytes at once", most)
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return nil, err
		case len(bytes.TrimSpace(line)) > 0:
			return line, nil
		default:
			line = line[:0]
		}
	}
}

// lastWords is how long an agent that broke off may take to end by itself, so that it
// can be known how it ended.
const lastWords = 500 * time.Millisecond

// lost ends a conversation that went wrong and says why as well as it can be known:
// what the agent, or what was to start it, wrote on standard error.
func (r *remote) lost(ctx context.Context, what string, cause error) error {
	r.hush()
	_ = r.in.Close()
	late := time.AfterFunc(lastWords, r.kill)
	defer late.Stop()
	if err := r.cmd.Wait(); err != nil && errors.Is(cause, io.EOF) {
		cause = err
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", what, context.Canceled)
	case ctx.Err() != nil:
		cause = errors.New("there was no answer in time")
	case r.hung.Load():
		cause = fmt.Errorf("nothing was heard for %v", r.silence)
	}
	after := ""
	if took := time.Since(r.since).Round(time.Second); took >= noticed && !r.hung.Load() {
		after = fmt.Sprintf(" (after %v)", took)
	}
	return &Error{Unreachable, fmt.Sprintf("%s: %v%s%s", what, cause, r.stderr.note(), after)}
}

// noticed is how long something takes that people want to know the duration of.
const noticed = 3 * time.Second

// A tail keeps the last few lines of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 2 << 10

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailSize; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// note is the tail for an error message, nothing if it is empty.
func (t *tail) note() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := bytes.TrimSpace(t.text)
	switch {
	case len(text) == 0:
		return ""
	case bytes.Contains(text, []byte("REMOTE HOST IDENTIFICATION HAS CHANGED")):
		return ": " + otherKey(string(text))
	}
	return ": " + visible(string(text))
}

// otherKey is what ssh says, at length, of a host whose key is not the one that is known.
func otherKey(text string) string {
	where := "known_hosts"
	for line := range strings.Lines(text) {
		if _, file, ok := strings.Cut(line, " key in "); ok && strings.HasPrefix(line, "Offending ") {
			where = visible(strings.TrimSpace(file))
		}
	}
	return "its host key is not the one in " + where + ": it was installed anew, or is another machine. Make sure which, and only then replace the key there"
}

// visible is text of another machine for an error message: lines are joined, and control
// characters made visible.
func visible(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "?") {
		switch {
		case r == '\n':
			b.WriteString("; ")
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
