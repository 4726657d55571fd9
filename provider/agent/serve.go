package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Serve holds the agent's end of the conversation until the input ends, and then
// closes the host. A request it cannot read ends the conversation.
func Serve(ctx context.Context, host Host, version string, in io.Reader, out io.Writer) (err error) {
	defer func() { err = errors.Join(err, host.Close()) }()
	buffered := bufio.NewWriter(out)
	enc := json.NewEncoder(buffered)
	say := func(v any) error {
		if err := enc.Encode(v); err != nil {
			return err
		}
		return buffered.Flush()
	}
	if err := say(greeting{"lvsctl", protocol, version}); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	ear := listen(in)
	for dec := json.NewDecoder(ear); ; {
		var req request
		if err := dec.Decode(&req); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		if req.Mind != nil {
			ear.mind(req.Mind.Silence)
		}
		quiet := beating(out)
		resp := answer(ctx, host, req)
		quiet()
		if err := say(resp); err != nil {
			return fmt.Errorf("send response: %w", err)
		}
	}
}

// beating says an empty line every now and then, until it is told to be quiet.
func beating(out io.Writer) (quiet func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(beat)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				if _, err := io.WriteString(out, "\n"); err != nil {
					return // the response will not get there either
				}
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// answer carries out one request.
func answer(ctx context.Context, host Host, req request) response {
	var resp response
	var err error
	switch {
	case req.Read != nil:
		resp.Snapshot, err = host.Read(ctx, req.Read.Keys)
	case req.Count != nil:
		var counts resource.Counts
		if counts, err = host.Connections(ctx, req.Count.Keys); err == nil {
			resp.Counts = &counts
		}
	case req.Who != nil:
		resp.Heard, err = host.Ask(ctx, req.Who.Addresses)
	case req.Lock != nil:
		err = host.Lock(ctx, req.Lock.By, req.Lock.Timeout)
	case req.Apply != nil:
		var out resource.Outcome
		out, err = host.Apply(ctx, *req.Apply)
		resp.Outcome = &out
	case req.Start != nil:
		err = host.Start(ctx, req.Start.Name, req.Start.Apply, req.Start.Changes)
	case req.End != nil:
		err = host.End(ctx, req.End.Ending, req.End.Note)
	case req.Mind != nil:
	case req.Probe != nil:
		resp.Probed, err = host.Probe(ctx, req.Probe.Probes)
	default:
		resp, err = reply(ctx, host, req.Ask)
	}
	resp.Error = asError(err)
	return resp
}

// reply answers a question.
func reply(ctx context.Context, host Host, q question) (resp response, err error) {
	switch q {
	case askJournal:
		resp.Journal, err = host.Journal(ctx)
	case askAlive:
		err = host.Alive(ctx)
	case askAwait:
		err = host.Await(ctx)
	case askConfirmed:
		resp.Yes, err = host.Confirmed(ctx)
	case askConfirm:
		resp.Apply, err = host.Confirm(ctx)
	case askUnlock:
		resp.Removed, err = host.Unlock(ctx)
	default:
		err = fmt.Errorf("unknown request %q", q)
	}
	return resp, err
}

// asError is an error as it travels.
func asError(err error) *Error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return &Error{Failed, err.Error()}
}
