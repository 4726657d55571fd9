package provider

import (
	"errors"

	"github.com/lvsctl/lvsctl/provider/ipvs"
)

// A balancer is the machine's connection to IPVS, which the drivers of all its kinds
// share.
type balancer struct {
	client *ipvs.Client // nil until IPVS is there
}

// dial opens the client when it is first needed: before the module is loaded there is
// nothing to talk to.
func (b *balancer) dial() (*ipvs.Client, error) {
	if b.client != nil {
		return b.client, nil
	}
	client, err := ipvs.New()
	if err != nil {
		return nil, err
	}
	b.client = client
	return client, nil
}

// look is dial for reading: where IPVS is not loaded there is no client and no error.
// To ask for its netlink family would load it, and reading changes nothing.
func (b *balancer) look() (*ipvs.Client, error) {
	if loaded, err := modulePresent("ip_vs"); err != nil || !loaded {
		return nil, err
	}
	client, err := b.dial()
	if errors.Is(err, ipvs.ErrNotLoaded) {
		return nil, nil
	}
	return client, err
}

// close closes the client if there is one.
func (b *balancer) close() error {
	if b.client == nil {
		return nil
	}
	client := b.client
	b.client = nil
	return client.Close()
}
