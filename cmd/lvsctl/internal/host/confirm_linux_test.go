package host

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
)

// bootOf is a machine with nothing but a boot id.
type bootOf struct {
	Machine
	id string
}

func (m bootOf) BootID() (string, error) { return m.id, nil }
func (m bootOf) Close() error            { return nil }

func (m bootOf) Read(context.Context, []resource.Key) (*resource.Snapshot, error) {
	return &resource.Snapshot{}, nil
}

// The power goes when an apply was confirmed and had not ended yet, or was not confirmed:
// what the host has lost is what the apply made, or what there was before.
func TestConfirmedBeforeBoot(t *testing.T) {
	for _, confirmed := range []string{"", "this", "another"} {
		t.Run(confirmed, func(t *testing.T) {
			dir := t.TempDir()
			module := resource.Module{Name: "ip_vs"}
			s, err := state.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			s.SetBoot("first")
			step := step("load", create(module))
			for _, err := range []error{s.Start(resource.Apply{ID: "this"}, 1), s.Begin(step), s.Finish(step, func(int) bool { return true }), s.Close()} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if confirmed != "" {
				data, err := json.Marshal(wait{"lb", resource.Apply{ID: confirmed}})
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, confirmedFile), data, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			l, err := openLocal(func(string) (Machine, error) { return bootOf{id: "second"}, nil }, dir, "")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := l.Lock(t.Context(), agent.Holder{}, 0); err != nil {
				t.Fatal(err)
			}
			snap, err := l.Read(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, lost := snap.Ledger.Lost.Find(module.Key())
			last := snap.Ledger.Last
			if kept := confirmed == "this"; lost != kept || (last == nil) != kept || !kept && last.Ending != resource.Rebooted {
				t.Errorf("lost %v, last apply %+v", snap.Ledger.Lost, last)
			}
		})
	}
}
