package provider

import (
	"errors"

	"github.com/lvsctl/lvsctl/provider/ipvs"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// syncDaemonDriver reads, starts and stops the sync daemons of IPVS.
type syncDaemonDriver struct{ *balancer }

func (d syncDaemonDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	client, err := d.look()
	if client == nil {
		return err
	}
	daemons, err := client.Daemons()
	if err != nil {
		return err
	}
	wanted := newKeySet(keys)
	for _, daemon := range daemons {
		if wanted[daemon.Key()] {
			snap.Live.Add(daemon)
		}
	}
	return nil
}

func (d syncDaemonDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		client, err := d.dial()
		if err != nil {
			return err
		}
		if c.Before != nil {
			err := client.StopDaemon(c.Before.(resource.SyncDaemon).Role)
			if err != nil && !errors.Is(err, ipvs.ErrNoDaemon) {
				return err
			}
		}
		if c.After != nil {
			return client.StartDaemon(c.After.(resource.SyncDaemon))
		}
		return nil
	})
}
