package main

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestFramesReadBack(t *testing.T) {
	var wire bytes.Buffer
	frames := &frameWriter{w: &wire}
	long := bytes.Repeat([]byte("0123456789"), frameMax/4)
	for _, err := range []error{
		frames.send(frameStdin, nil),
		frames.send(frameExit, []byte{7}),
		frames.send(frameStdout, long),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	expect(t, &wire, frameStdin, nil)
	expect(t, &wire, frameExit, []byte{7})
	var got []byte
	for wire.Len() > 0 {
		kind, data, err := readFrame(&wire)
		if err != nil || kind != frameStdout || len(data) > frameMax-frameHeader {
			t.Fatalf("kind %c, %d bytes, error %v", kind, len(data), err)
		}
		got = append(got, data...)
	}
	if !bytes.Equal(got, long) {
		t.Errorf("%d bytes became %d", len(long), len(got))
	}
	if _, _, err := readFrame(&wire); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v", err)
	}
}

func expect(t *testing.T, r io.Reader, wantKind frameKind, want []byte) {
	t.Helper()
	kind, data, err := readFrame(r)
	if err != nil || kind != wantKind || !bytes.Equal(data, want) {
		t.Errorf("got %c %q, %v, want %c %q", kind, data, err, wantKind, want)
	}
}

func TestFrameMalformed(t *testing.T) {
	for name, wire := range map[string]string{
		"cut header": "o\x00\x00", "cut data": "o\x00\x00\x00\x05abc", "too long": "o\xff\xff\xff\xff",
	} {
		if _, _, err := readFrame(bytes.NewReader([]byte(wire))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTail(t *testing.T) {
	last := newTail(2)
	for _, part := range []string{"one\r\ntw", "o\nthree\n", "fo"} {
		io.WriteString(last, part)
	}
	if got, want := last.String(), "two\nthree\nfo"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
