package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/lvsctl/lvsctl/provider"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// announceDelay is how long after the first set of announcements the second one is sent:
// keepalived's garp_master_delay.
const announceDelay = 5 * time.Second

// OpenAnnouncing opens the machine itself, for a program that becomes an announcer when it
// is started as "agent --announce": a process of its own, in a session of its own, that
// announces addresses for the second time when the apply may long be over. It holds no lock
// and knows no ledger.
func OpenAnnouncing(version string) (Machine, error) {
	m, err := provider.Open(version)
	if err != nil {
		return nil, err
	}
	m.AnnounceAgainBy(startAnnouncer)
	return m, nil
}

// startAnnouncer starts an announcer. What becomes of it nobody hears: it has no one to
// tell.
func startAnnouncer(addresses []resource.Address) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	list, err := json.Marshal(addresses)
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "agent", "--announce")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the announcer: %w", err)
	}
	go func() { _ = cmd.Wait() }() // it may outlive us
	if _, err := in.Write(list); err != nil {
		return fmt.Errorf("tell the announcer: %w", err)
	}
	return in.Close()
}

// AnnounceAgain reads a list of addresses and announces, after a while, those of them that
// are still on the machine.
func AnnounceAgain(ctx context.Context, in io.Reader, version string) error {
	var addresses []resource.Address
	if err := json.NewDecoder(in).Decode(&addresses); err != nil {
		return fmt.Errorf("read what to announce: %w", err)
	}
	select {
	case <-time.After(announceDelay):
	case <-ctx.Done():
		return ctx.Err()
	}
	m, err := provider.Open(version)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	return m.Announce(addresses)
}
