package bench

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/host"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A machine is a host without a kernel: it has what it was told to have, at once.
type machine struct{ live resource.Set }

func (m *machine) BootID() (string, error) { return "boot", nil }

func (m *machine) Read(context.Context, []resource.Key) (*resource.Snapshot, error) {
	return &resource.Snapshot{Facts: resource.Facts{BootID: "boot", Schedulers: []string{"wlc"}}, Live: m.live.Clone(), Connections: map[resource.Key]resource.Connections{}}, nil
}

func (m *machine) Find([]resource.Key) (resource.Set, error) { return resource.NewSet(), nil }

func (m *machine) Connections([]resource.Key) (resource.Counts, error) { return resource.Counts{}, nil }

func (m *machine) Ask([]resource.Address) []resource.Neighbour { return nil }

func (m *machine) Apply(_ context.Context, changes []resource.Change) resource.Outcome {
	for _, c := range changes {
		if c.After == nil {
			m.live.Delete(c.Key())
		} else {
			m.live.Add(c.After)
		}
	}
	return resource.Outcome{Attempted: len(changes)}
}

func (m *machine) Close() error { return nil }

// lvsctl runs a command on the machine.
func (m *machine) lvsctl(b *testing.B, args ...string) {
	b.Helper()
	var out, errOut bytes.Buffer
	p := command.Program{Machine: func(string) (host.Machine, error) { return m, nil }}
	if code := p.Main(args, strings.NewReader(""), &out, &errOut); code != 0 {
		b.Fatalf("lvsctl %s: exit code %d\n%s", strings.Join(args, " "), code, &errOut)
	}
}

// BenchmarkCommands is what lvsctl does itself, from the config to the end, beside what the
// kernel does. It is where to look with -cpuprofile and -memprofile.
func BenchmarkCommands(b *testing.B) {
	for _, s := range shapes {
		if s.coldOnly {
			continue
		}
		path, err := s.writeFile(b.TempDir(), "fleet.hcl", shape.config, first)
		if err != nil {
			b.Fatal(err)
		}
		state := filepath.Join(b.TempDir(), "state")
		m := &machine{resource.NewSet()}
		b.Run("apply/"+s.name, func(b *testing.B) {
			for b.Loop() {
				m.lvsctl(b, "apply", "--auto-approve", "--state-dir", state, path)
				b.StopTimer()
				m.lvsctl(b, "destroy", "--auto-approve", "--state-dir", state, path)
				b.StartTimer()
			}
		})
		b.Run("plan/"+s.name, func(b *testing.B) {
			m.lvsctl(b, "apply", "--auto-approve", "--state-dir", state, path)
			for b.Loop() {
				m.lvsctl(b, "plan", "--state-dir", state, path)
			}
		})
	}
}
