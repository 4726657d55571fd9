package provider

import (
	"errors"
	"fmt"

	"github.com/lvsctl/lvsctl/provider/ipvs"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// timeoutDriver reads and sets the timeouts of IPVS.
type timeoutDriver struct{ *balancer }

func (d timeoutDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	client, err := d.look()
	if client == nil {
		return err
	}
	all, err := client.Timeouts()
	if err != nil {
		return err
	}
	wanted := newKeySet(keys)
	for _, t := range []resource.Timeout{
		{Name: resource.TimeoutTCP, Seconds: all.TCP},
		{Name: resource.TimeoutTCPFin, Seconds: all.TCPFin},
		{Name: resource.TimeoutUDP, Seconds: all.UDP},
	} {
		if wanted[t.Key()] {
			snap.Live.Add(t)
		}
	}
	return nil
}

func (d timeoutDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		t, ok := c.After.(resource.Timeout)
		if !ok {
			return errUnsupported(c)
		}
		setting, err := timeouts(t)
		if err != nil {
			return err
		}
		client, err := d.dial()
		if err != nil {
			return err
		}
		return client.SetTimeouts(setting)
	})
}

// timeouts is the message that sets one timeout and leaves the others as they are.
func timeouts(t resource.Timeout) (ipvs.Timeouts, error) {
	if t.Seconds == 0 {
		return ipvs.Timeouts{}, errors.New("0 seconds cannot be set") // the kernel would keep what it has
	}
	switch t.Name {
	case resource.TimeoutTCP:
		return ipvs.Timeouts{TCP: t.Seconds}, nil
	case resource.TimeoutTCPFin:
		return ipvs.Timeouts{TCPFin: t.Seconds}, nil
	case resource.TimeoutUDP:
		return ipvs.Timeouts{UDP: t.Seconds}, nil
	}
	return ipvs.Timeouts{}, fmt.Errorf("unknown timeout %q", t.Name)
}
