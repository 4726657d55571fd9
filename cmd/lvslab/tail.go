package main

import (
	"bytes"
	"strings"
	"sync"
)

// tail is a writer that remembers the last lines written to it.
type tail struct {
	mu    sync.Mutex
	max   int
	lines []string
	part  []byte
}

// newTail returns a tail of at most max lines.
func newTail(max int) *tail { return &tail{max: max} }

func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part = append(t.part, data...)
	for {
		line, rest, ok := bytes.Cut(t.part, []byte("\n"))
		if !ok {
			return len(data), nil
		}
		t.part = rest
		t.lines = append(t.lines, strings.TrimRight(string(line), "\r"))
		if len(t.lines) > t.max {
			t.lines = t.lines[1:]
		}
	}
}

// String returns the remembered lines, the unfinished one included.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.Join(t.lines, "\n")
	if len(t.part) > 0 {
		text += "\n" + string(t.part)
	}
	return strings.TrimSpace(text)
}
