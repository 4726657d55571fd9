package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// site is a server with a page for each way to go wrong.
func site(t *testing.T) string {
	t.Helper()
	done := make(chan struct{})
	hang := func(r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "this is web1") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/gone", http.StatusFound) })
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "this is gone", http.StatusGone) })
	mux.HandleFunc("/hangs", func(_ http.ResponseWriter, r *http.Request) { hang(r) })
	mux.HandleFunc("/stalls", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "this is we")
		w.(http.Flusher).Flush()
		hang(r)
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "this is we")
	})
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<16)
		for i := 0; ; i += len(chunk) {
			if i == maxBody {
				copy(chunk, "the end")
			}
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() { close(done); server.Close() })
	return server.URL
}

// nobody is an address on which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// babbler is an address that answers whatever it is asked with something that is not HTTP.
func babbler(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(conn)) // an answer before it is an error of another kind
			fmt.Fprint(conn, "SSH-2.0-OpenSSH_9.2\r\n")
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestTry(t *testing.T) {
	url, refused, ssh := site(t), nobody(t), babbler(t)
	tests := []struct {
		name  string
		probe resource.Probe
		want  string // in the failure; empty is a pass
	}{
		{"page", resource.Probe{HTTP: url}, ""},
		{"page of a status", resource.Probe{HTTP: url, Status: 200}, ""},
		{"page with words", resource.Probe{HTTP: url, Contains: "web1"}, ""},
		{"page without words", resource.Probe{HTTP: url, Contains: "web2"}, `"web2" is not in the body`},
		{"redirect", resource.Probe{HTTP: url + "/moved"}, ""},
		{"redirect that is wanted", resource.Probe{HTTP: url + "/moved", Status: 302}, ""},
		{"redirect is not followed", resource.Probe{HTTP: url + "/moved", Status: 410}, "the status is 302, and should be 410"},
		{"error", resource.Probe{HTTP: url + "/gone"}, "the status is 410, and should be from 200 to 399"},
		{"error that is wanted", resource.Probe{HTTP: url + "/gone", Status: 410}, ""},
		{"huge body", resource.Probe{HTTP: url + "/huge"}, ""},
		{"words after the bound", resource.Probe{HTTP: url + "/huge", Contains: "the end"}, "not in the body"},
		{"cut body", resource.Probe{HTTP: url + "/cut"}, "read the body: unexpected EOF"},
		{"hanging server", resource.Probe{HTTP: url + "/hangs"}, "not done within 300ms"},
		{"stalling body", resource.Probe{HTTP: url + "/stalls", Contains: "this"}, "not done within 300ms"},
		{"page of nobody", resource.Probe{HTTP: "http://" + refused}, "connection refused"},
		{"no web server", resource.Probe{HTTP: "http://" + ssh}, "malformed HTTP response"},
		{"no URL", resource.Probe{HTTP: "http://[::1"}, "missing ']' in host"},
		{"no scheme that is known", resource.Probe{HTTP: "file:///etc/passwd"}, "unsupported protocol scheme"},
		{"port", resource.Probe{TCP: strings.TrimPrefix(url, "http://")}, ""},
		{"closed port", resource.Probe{TCP: refused}, "connection refused"},
		{"no address", resource.Probe{TCP: "192.0.2.1"}, "missing port in address"},
		{"program", resource.Probe{Command: []string{"true"}}, ""},
		{"program that fails", resource.Probe{Command: []string{"sh", "-c", "echo one; echo two >&2; exit 3"}}, "exit status 3: one; two"},
		{"program that fails in silence", resource.Probe{Command: []string{"false"}}, "exit status 1"},
		{"no such program", resource.Probe{Command: []string{"/no/such/program"}}, "/no/such/program: no such file or directory"},
		{"no shell", resource.Probe{Command: []string{"test", "$HOME", "=", "*"}}, "exit status 1"},
		{"no input", resource.Probe{Command: []string{"sh", "-c", "! read line"}}, ""},
		{"program that takes long", resource.Probe{Command: []string{"sleep", "60"}}, "not done within 300ms"},
		{"nothing", resource.Probe{}, "not known here"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.probe.Timeout = time.Minute // the machine may be busy
			if strings.HasPrefix(test.want, "not done") {
				test.probe.Timeout = 300 * time.Millisecond
			}
			out := Run(t.Context(), []resource.Probe{test.probe})[0]
			if out.Passed() != (test.want == "") || !strings.Contains(out.Failure, test.want) {
				t.Errorf("got %q, want %q", out.Failure, test.want)
			}
			if out.Tries != 1 || out.Took <= 0 {
				t.Errorf("%d tries in %v", out.Tries, out.Took)
			}
		})
	}
}

// Of what a program says the end is kept, however much it is.
func TestTail(t *testing.T) {
	var said tail
	for range 1000 {
		fmt.Fprint(&said, "a line of text\n")
	}
	fmt.Fprint(&said, strings.Repeat("x", 2*tailSize)+"\nthe end\n")
	if got := said.String(); len(got) > tailSize || !strings.HasSuffix(got, "xxx; the end") {
		t.Errorf("got %d bytes: %s", len(got), got)
	}
}

// A program that does not end in time is ended with all that it started.
func TestProgramAndChildrenEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	script := "sleep 60 & echo $! >" + file + "; wait"
	out := Run(t.Context(), []resource.Probe{{Command: []string{"sh", "-c", script}, Timeout: time.Second}})[0]
	if out.Failure != "not done within 1s" {
		t.Errorf("got %q", out.Failure)
	}
	gone(t, file)
}

// A program that leaves others behind has passed, and they end.
func TestLeftBehind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	out := Run(t.Context(), []resource.Probe{{Command: []string{"sh", "-c", "sleep 60 & echo $! >" + file}, Timeout: time.Minute}})[0]
	if !out.Passed() || out.Took > 30*time.Second {
		t.Errorf("got %+v", out)
	}
	gone(t, file)
}

// gone waits for the process whose number is in a file to end.
func gone(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("process %d is still there", pid)
}

// A probe is tried again until it passes, and no more often than it may.
func TestTries(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	p := resource.Probe{HTTP: server.URL, Timeout: time.Minute, Tries: 2}
	if out := Run(t.Context(), []resource.Probe{p})[0]; out.Failure != "the status is 502, and should be from 200 to 399" || out.Tries != 2 {
		t.Errorf("two tries: %+v", out)
	}
	if out := Run(t.Context(), []resource.Probe{p})[0]; !out.Passed() || out.Tries != 1 {
		t.Errorf("the third one passes: %+v", out)
	}
}

// Probes run at the same time, and their outcomes are in their order.
func TestAllAtOnce(t *testing.T) {
	slow := resource.Probe{Command: []string{"sleep", "1"}, Timeout: time.Minute}
	start := time.Now()
	out := Run(t.Context(), []resource.Probe{slow, {Command: []string{"false"}, Timeout: time.Minute}, slow, slow, slow, slow, slow, slow})
	for i, o := range out {
		if o.Passed() != (i != 1) {
			t.Errorf("%d: %+v", i, o)
		}
	}
	if took := time.Since(start); took > 6*time.Second {
		t.Errorf("seven seconds of sleep took %v", took)
	}
}

// A context that ends has no probe tried again, and ends the one at work.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	start := time.Now()
	out := Run(ctx, []resource.Probe{
		{Command: []string{"sleep", "60"}, Timeout: time.Hour, Tries: 100},
		{Command: []string{"false"}, Timeout: time.Hour, Tries: 100},
	})
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if out[0].Failure != context.Canceled.Error() || out[0].Tries != 1 {
		t.Errorf("the one at work: %+v", out[0])
	}
	if out[1].Passed() || out[1].Tries > 2 {
		t.Errorf("the one between tries: %+v", out[1])
	}
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Error("not interrupted")
	}
}
