package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// The runner and the guest's init talk over one serial port. Every message is a
// frame: one byte for its kind, four for the length (big endian), then the data.
// A single ordered stream means that the exit code is the last thing to arrive,
// after everything the program printed.
type frameKind byte

const (
	frameReady  frameKind = 'r' // guest: the program is about to start
	frameStdout frameKind = 'o' // guest: bytes of standard output
	frameStderr frameKind = 'e' // guest: bytes of standard error
	frameExit   frameKind = 'x' // guest: the exit code, one byte; nothing follows
	frameFailed frameKind = 'f' // guest: why the program could not be run at all
	frameStdin  frameKind = 'i' // runner: bytes of standard input, none at its end
	frameSignal frameKind = 's' // runner: a signal for the program, one byte
)

const (
	frameHeader = 5
	frameMax    = 32 << 10 // the serial driver takes no more in one write
)

// frameWriter writes frames for any number of goroutines. After the first error
// it writes no more.
type frameWriter struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
	err error
}

// send writes data as frames of the given kind; no data is one empty frame.
func (f *frameWriter) send(kind frameKind, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		part := data[:min(len(data), frameMax-frameHeader)]
		data = data[len(part):]
		if f.err != nil {
			return f.err
		}
		f.buf = append(f.buf[:0], byte(kind))
		f.buf = binary.BigEndian.AppendUint32(f.buf, uint32(len(part)))
		f.buf = append(f.buf, part...)
		_, f.err = f.w.Write(f.buf)
		if len(data) == 0 {
			return f.err
		}
	}
}

// stream returns a writer whose bytes go out as frames of one kind.
func (f *frameWriter) stream(kind frameKind) io.Writer { return frameStream{f, kind} }

type frameStream struct {
	frames *frameWriter
	kind   frameKind
}

func (s frameStream) Write(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, nil
	}
	if err := s.frames.send(s.kind, data); err != nil {
		return 0, err
	}
	return len(data), nil
}

// readFrame reads one frame.
func readFrame(r io.Reader) (frameKind, []byte, error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(header[1:])
	if size > frameMax {
		return 0, nil, fmt.Errorf("frame of %d bytes exceeds %d", size, frameMax)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return 0, nil, err
	}
	return frameKind(header[0]), data, nil
}
