package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

// An agent that is to mind ends when it hears nothing, also while it is at work; and lives as
// long as it hears something, be it nothing but empty lines.
func TestMind(t *testing.T) {
	host := &slowHost{}
	in, say := io.Pipe()
	hear, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Serve(context.Background(), host, "1.0", in, out) }()
	go func() { _, _ = io.Copy(io.Discard, bufio.NewReader(hear)) }()
	const silence = 400 * time.Millisecond
	fmt.Fprintf(say, `{"mind":{"silence":%d}}`+"\n", silence)
	for range 10 {
		time.Sleep(silence / 4)
		if _, err := io.WriteString(say, "\n"); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("it ended while it heard something: %v", err)
	default:
	}
	if _, err := io.WriteString(say, `{"read":{"keys":[{"kind":"module","name":"m"}]}}`+"\n"); err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	for time.Since(asked) < 2*time.Second { // it is at work, and hears what it need not read
		if _, err := io.WriteString(say, "\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(silence / 4)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it still listens")
	}
}

// What is heard is passed on as it was, and so is how it ends.
func TestEar(t *testing.T) {
	in, say := io.Pipe()
	go func() {
		for _, text := range []string{"\n", "a\n", "\n\n", "b", "c\n"} {
			_, _ = io.WriteString(say, text)
		}
		say.CloseWithError(errors.New("the wire broke"))
	}()
	e := listen(in)
	text, err := io.ReadAll(e)
	if string(text) != "a\nbc\n" || err == nil || err.Error() != "the wire broke" {
		t.Errorf("heard %q, %v", text, err)
	}
	e.mind(time.Hour) // when it is over that is no matter
}
