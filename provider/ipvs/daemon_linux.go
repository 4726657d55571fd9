package ipvs

import (
	"fmt"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Daemons lists the sync daemons that run, the master first.
func (c *Client) Daemons() ([]resource.SyncDaemon, error) {
	k, done := c.use()
	defer done()
	var list []resource.SyncDaemon
	err := k.dump(cmdGetDaemon, nil, func() { list = list[:0] }, func(payload []byte) error {
		d, err := decodeDaemon(payload)
		list = append(list, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read ipvs sync daemons: %w", err)
	}
	return list, nil
}

// StartDaemon starts a sync daemon. The error is [ErrExist] where one of that role
// runs already, [syscall.ENODEV] where its interface is missing, and
// [syscall.ENETUNREACH] where it is down.
func (c *Client) StartDaemon(d resource.SyncDaemon) error {
	return c.commandDaemon(cmdNewDaemon, "start", d)
}

// StopDaemon stops the sync daemon of a role, or fails with [ErrNoDaemon].
func (c *Client) StopDaemon(r resource.SyncRole) error {
	return c.commandDaemon(cmdDelDaemon, "stop", resource.SyncDaemon{Role: r})
}

// commandDaemon sends a command about a sync daemon.
func (c *Client) commandDaemon(cmd uint8, verb string, d resource.SyncDaemon) error {
	k, done := c.use()
	defer done()
	err := checkDaemon(&d)
	if err == nil {
		k.body = appendDaemon(k.body[:0], &d, cmd == cmdNewDaemon)
		err = k.do(cmd, k.body)
	}
	if err != nil {
		return fmt.Errorf("%s ipvs sync daemon (%v): %w", verb, d.Role, err)
	}
	return nil
}
