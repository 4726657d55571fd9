package agent

import (
	"bytes"
	"io"
	"time"
)

// An ear hears what comes in, also while nobody reads it, and knows for how long nothing did.
type ear struct {
	*io.PipeReader
	heard chan struct{}
	minds chan time.Duration
	ended chan struct{}
}

// listen begins to listen.
func listen(in io.Reader) *ear {
	out, to := io.Pipe()
	e := &ear{out, make(chan struct{}), make(chan time.Duration), make(chan struct{})}
	go func() {
		defer close(e.ended)
		e.pass(in, to)
	}()
	go e.wait(to)
	return e
}

// mind has the ear end when nothing comes in for so long.
func (e *ear) mind(silence time.Duration) {
	select {
	case e.minds <- silence:
	case <-e.ended:
	}
}

// pass passes on what comes in. Empty lines are not said to anybody: who is at work would
// keep all that comes after them waiting.
func (e *ear) pass(in io.Reader, to *io.PipeWriter) {
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			e.heard <- struct{}{}
		}
		if text := buf[:n]; len(bytes.Trim(text, "\n")) > 0 {
			if _, err := to.Write(text); err != nil {
				return
			}
		}
		if err != nil {
			to.CloseWithError(err)
			return
		}
	}
}

// wait ends what is passed on when nothing was heard for too long.
func (e *ear) wait(to *io.PipeWriter) {
	var silence time.Duration
	var over <-chan time.Time
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case silence = <-e.minds:
			over = timer.C
			timer.Reset(silence)
		case <-e.heard:
			if over != nil {
				timer.Reset(silence)
			}
		case <-over:
			to.CloseWithError(io.EOF)
			over = nil
		case <-e.ended:
			return
		}
	}
}
