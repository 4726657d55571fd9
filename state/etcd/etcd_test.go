package etcd_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
	"github.com/lvsctl/lvsctl/state/etcd"
	"github.com/lvsctl/lvsctl/state/etcd/etcdtest"
	"github.com/lvsctl/lvsctl/state/statetest"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// holdEnv makes the test binary take the lock that it describes, as JSON, and say so. After
// that it says with each line that it reads whether it has it still.
const holdEnv = "LVSCTL_TEST_HOLD_ETCD"

func TestMain(m *testing.M) {
	if text := os.Getenv(holdEnv); text != "" {
		if err := holdUntilKilled(text); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func holdUntilKilled(text string) error {
	var config etcd.Config
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return err
	}
	b, err := etcd.Open(context.Background(), config)
	if err != nil {
		return err
	}
	h, err := b.Acquire(context.Background(), statetest.Somebody, 0)
	if err != nil {
		return err
	}
	for {
		fmt.Println(h.Err())
		var line string
		if _, err := fmt.Scanln(&line); err != nil {
			return err
		}
	}
}

// ttl is that of locks in tests, as short as can be on a machine that has more to do.
const ttl = 3 * time.Second

func configOf(url, prefix string) etcd.Config {
	return etcd.Config{Endpoints: []string{url}, Prefix: prefix, TTL: ttl, Timeout: 10 * time.Second}
}

func open(t *testing.T, config etcd.Config) *etcd.Backend {
	t.Helper()
	b, err := etcd.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// A child is another process that holds the lock.
type child struct {
	*exec.Cmd
	ask  func()
	says func(t *testing.T) string
}

func hold(t *testing.T, config etcd.Config) child {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"="+string(text))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	c := child{Cmd: cmd}
	c.ask = func() { fmt.Fprintln(in, "?") }
	c.says = func(t *testing.T) string {
		t.Helper()
		buf := make([]byte, 1000)
		n, err := out.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(buf[:n]))
	}
	if said := c.says(t); said != "<nil>" {
		t.Fatalf("child: %s", said)
	}
	return c
}

// An etcd is one of the places for a lock and a history.
func TestBackend(t *testing.T) {
	server := etcdtest.Start(t)
	n := 0
	statetest.Run(t, func(*testing.T) statetest.Place {
		n++
		config := configOf(server.URL, fmt.Sprintf("lvsctl/%d", n))
		return statetest.Place{
			Open:      func(t *testing.T) state.Backend { return open(t, config) },
			Hold:      func(t *testing.T) *os.Process { return hold(t, config).Process },
			Frees:     ttl + 3*time.Second, // the servers look twice a second
			Remembers: 1000,
		}
	})
}

// With TLS both ways and a login all is the same.
func TestTLSAndLogin(t *testing.T) {
	server := etcdtest.StartTLS(t)
	server.EnableAuth(t, map[string]string{"lvsctl": "lvsctl/"})
	n := 0
	statetest.Run(t, func(t *testing.T) statetest.Place {
		n++
		config := configOf(server.URL, fmt.Sprintf("lvsctl/%d", n))
		config.Username, config.Password, config.CAFile = "lvsctl", "lvsctllvsctl", server.CA
		config.CertFile, config.KeyFile = server.Pair(t, "client")
		return statetest.Place{
			Open:  func(t *testing.T) state.Backend { return open(t, config) },
			Hold:  func(t *testing.T) *os.Process { return hold(t, config).Process },
			Frees: ttl + 3*time.Second, Remembers: 1000,
		}
	})
}

// lost waits until a lock is lost, which must be before its lease can be over.
func lost(t *testing.T, h state.Hold, within time.Duration) error {
	t.Helper()
	for start := time.Now(); h.Err() == nil; time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > within {
			t.Fatalf("it is held after %v", time.Since(start))
		}
	}
	if err := h.Err(); !errors.Is(err, state.ErrLost) {
		t.Error(err)
	}
	return h.Err()
}

// Who does not hear of the servers any more knows by its own clock when others may have the
// lock.
func TestCutOff(t *testing.T) {
	server := etcdtest.Start(t)
	h, err := open(t, configOf(server.URL, "lvsctl")).Acquire(t.Context(), statetest.Somebody, 0)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * ttl) // it is kept alive
	if err := h.Err(); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if err := lost(t, h, ttl); !strings.Contains(err.Error(), "etcd was not heard of") {
		t.Error(err)
	}
	if err := h.Record(t.Context(), resource.Past{}); !errors.Is(err, state.ErrLost) {
		t.Error(err)
	}
}

// Who was stopped for longer than the lease lives does not go on, although it heard nothing.
func TestStopped(t *testing.T) {
	config := configOf(etcdtest.Start(t).URL, "lvsctl")
	c := hold(t, config)
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	me := state.Holder{Who: "me"}
	h, err := open(t, config).Acquire(t.Context(), me, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	c.ask()
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if said := c.says(t); !strings.HasPrefix(said, state.ErrLost.Error()) {
		t.Errorf("it says %s", said)
	}
	if err := h.Err(); err != nil {
		t.Error(err)
	}
}

// Whoever ends the lease, or removes the key, takes the lock away, and that is noticed.
func TestTakenAway(t *testing.T) {
	server := etcdtest.Start(t)
	admin := server.Client(t, "", "")
	for name, take := range map[string]func(key string) error{
		"lease": func(key string) error {
			got, err := admin.Get(t.Context(), key)
			if err == nil {
				_, err = admin.Revoke(t.Context(), clientv3.LeaseID(got.Kvs[0].Lease))
			}
			return err
		},
		"key": func(key string) error {
			_, err := admin.Delete(t.Context(), key)
			return err
		},
	} {
		b := open(t, configOf(server.URL, name))
		h, err := b.Acquire(t.Context(), statetest.Somebody, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := take(name + "/lock"); err != nil {
			t.Fatal(err)
		}
		if err := h.Record(t.Context(), resource.Past{}); !errors.Is(err, state.ErrLost) {
			t.Errorf("%s: record: %v", name, err)
		}
		t.Log(lost(t, h, ttl))
		if h, err = b.Acquire(t.Context(), statetest.Somebody, 0); err != nil {
			t.Fatal(err)
		}
		if err := take(name + "/lock"); err != nil {
			t.Fatal(err)
		}
		if err := lost(t, h, ttl); strings.Contains(err.Error(), "not heard of") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A key without a lease locks until somebody removes it, which unlock does.
func TestLeftover(t *testing.T) {
	server := etcdtest.Start(t)
	b := open(t, configOf(server.URL, "lvsctl"))
	text, err := json.Marshal(statetest.Somebody)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Client(t, "", "").Put(t.Context(), "lvsctl/lock", string(text)); err != nil {
		t.Fatal(err)
	}
	var held *state.HeldError
	if _, err := b.Acquire(t.Context(), state.Holder{}, 0); !errors.As(err, &held) || held.Holder != statetest.Somebody {
		t.Errorf("got %v", err)
	}
	removed, err := b.Clear(t.Context())
	want := "the lock of root@ci-1 since 2026-01-02 15:04:05 UTC (pid 4711: lvsctl apply), which had no lease to end with"
	if err != nil || len(removed) != 1 || removed[0] != want {
		t.Errorf("removed %q, %v", removed, err)
	}
	if h, err := b.Acquire(t.Context(), state.Holder{}, 0); err != nil || h.Unlock() != nil {
		t.Error(err)
	}
}

// The history forgets the oldest.
func TestKept(t *testing.T) {
	server := etcdtest.Start(t)
	admin := server.Client(t, "", "")
	for i := range 12 {
		var ops []clientv3.Op
		for j := range 100 {
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("lvsctl/history/%019d/X%d", 0, 100*i+j), "{}"))
		}
		if _, err := admin.Txn(t.Context()).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, configOf(server.URL, "lvsctl"))
	h, err := b.Acquire(t.Context(), statetest.Somebody, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for _, ending := range []resource.Ending{"", resource.Applied} {
			if err := h.Record(t.Context(), resource.Past{Apply: resource.Apply{ID: fmt.Sprint(i)}, Ending: ending}); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := b.History(t.Context(), 0)
	if err != nil || len(all) > etcd.Kept || len(all) < etcd.Kept-3 || all[0].Apply.ID != "2" {
		t.Errorf("%d are kept, %v", len(all), err)
	}
	if few, err := b.History(t.Context(), 5); err != nil || len(few) != 5 || few[0].Apply.ID != "2" {
		t.Errorf("got %v, %v", few, err)
	}
	if err := h.Unlock(); err != nil {
		t.Error(err)
	}
}

// Whatever is in the way, it says what it is, and takes no longer than it may.
func TestTrouble(t *testing.T) {
	secure, plain := etcdtest.StartTLS(t), etcdtest.Start(t)
	secure.EnableAuth(t, map[string]string{"lvsctl": "lvsctl/", "nobody": ""})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	other := etcdtest.StartTLS(t)
	good := configOf(secure.URL, "lvsctl")
	good.Username, good.Password, good.CAFile = "lvsctl", "lvsctllvsctl", secure.CA
	good.CertFile, good.KeyFile = secure.Pair(t, "client")
	for _, test := range []struct {
		name string
		edit func(*etcd.Config)
		want string // "" for all well
	}{
		{"nothing", func(*etcd.Config) {}, ""},
		{"one of two is down", func(c *etcd.Config) { c.Endpoints = []string{"https://127.0.0.1:1", secure.URL} }, ""},
		{"nobody there", func(c *etcd.Config) { c.Endpoints = []string{"https://127.0.0.1:1"} }, "etcd at https://127.0.0.1:1: it cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"nobody at either", func(c *etcd.Config) { c.Endpoints = []string{"https://127.0.0.1:1", "https://127.0.0.1:2"} }, "https://127.0.0.1:2: it cannot be reached"},
		{"no answer", func(c *etcd.Config) {
			c.Endpoints, c.Timeout = []string{"http://" + silent.Addr().String()}, 200*time.Millisecond
		}, "it does not answer"},
		{"no answer in TLS", func(c *etcd.Config) {
			c.Endpoints, c.Timeout = []string{"https://" + silent.Addr().String()}, 200*time.Millisecond
		}, "TLS failed: "},
		{"no TLS there", func(c *etcd.Config) { c.Endpoints[0] = strings.Replace(plain.URL, "http:", "https:", 1) }, "if it speaks no TLS, write http://"},
		{"no TLS here", func(c *etcd.Config) { c.Endpoints[0] = strings.Replace(secure.URL, "https:", "http:", 1) }, "wants https where this is http"},
		{"another authority", func(c *etcd.Config) { c.CAFile = other.CA }, "name the authority that vouches for it with ca_file"},
		{"another name", func(c *etcd.Config) { c.Endpoints[0] = strings.Replace(secure.URL, "127.0.0.1", "localhost", 1) }, "its certificate is for other names"},
		{"no certificate", func(c *etcd.Config) { c.CertFile, c.KeyFile = "", "" }, "it refuses our certificate, or misses one"},
		{"another certificate", func(c *etcd.Config) { c.CertFile, c.KeyFile = other.Pair(t, "client") }, "it refuses our certificate"},
		{"no CA file", func(c *etcd.Config) { c.CAFile = "/nowhere.pem" }, "read ca_file: open /nowhere.pem: no such file"},
		{"no CA in it", func(c *etcd.Config) { c.CAFile = c.KeyFile }, "has no certificate in it"},
		{"no key file", func(c *etcd.Config) { c.KeyFile = "/nowhere.pem" }, "read cert_file and key_file: open /nowhere.pem"},
		{"wrong password", func(c *etcd.Config) { c.Password = "hush-hush" }, `the login of "lvsctl" is refused`},
		{"no login", func(c *etcd.Config) { c.Username, c.Password = "", "" }, "it wants a login: the backend block needs username and password, or a certificate"},
		{"not allowed", func(c *etcd.Config) { c.Username, c.Password = "nobody", "nobodynobody" }, `the user "nobody" may not read and write the keys below "lvsctl/"`},
		{"not allowed here", func(c *etcd.Config) { c.Prefix = "others" }, `the user "lvsctl" may not read and write the keys below "others/"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := good
			config.Endpoints = []string{secure.URL}
			test.edit(&config)
			start := time.Now()
			b, err := etcd.Open(t.Context(), config)
			if past := time.Since(start); past > config.Timeout+10*time.Second {
				t.Errorf("it took %v", past)
			}
			switch {
			case test.want == "" && err == nil:
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			case test.want == "" || err == nil || !strings.Contains(err.Error(), test.want):
				t.Errorf("got %v, want %q", err, test.want)
			case config.Password != "" && strings.Contains(err.Error(), config.Password):
				t.Errorf("the password is in it: %v", err)
			}
		})
	}
}
