package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// A hold is the lock as its holder sees it.
type hold struct {
	backend *Backend
	lease   clientv3.LeaseID
	number  int64         // the revision at which the lock's key was made
	ttl     time.Duration // what the servers gave

	mu    sync.Mutex
	until time.Time // the lock is held for certain
	lost  error     // why it is not any more

	stop   context.CancelFunc
	ended  sync.WaitGroup
	unlock func() error
}

var _ state.Hold = (*hold)(nil)

// newHold is a hold whose lease was asked for at a moment.
func newHold(b *Backend, lease clientv3.LeaseID, number int64, sent time.Time, ttl time.Duration) *hold {
	h := &hold{backend: b, lease: lease, number: number, ttl: ttl}
	h.until = h.certain(sent)
	h.unlock = sync.OnceValue(h.giveBack)
	return h
}

// certain is until when the lease lives for certain if the servers heard of it after a moment.
// Clocks do not run at quite the same speed, and what was begun takes a moment to be.
func (h *hold) certain(sent time.Time) time.Time { return sent.Add(h.ttl - h.ttl/10) }

// Err implements [state.Hold]. Both clocks count: the monotonic one stands still while the
// machine sleeps, and the other one can be set.
func (h *hold) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.lost == nil && (now.After(h.until) || now.Round(0).After(h.until.Round(0))) {
		h.lost = fmt.Errorf("%w: etcd was not heard of for so long that its lease of %v may be over", state.ErrLost, h.ttl)
	}
	return h.lost
}

// lose notes that the lock is lost, unless that is known.
func (h *hold) lose(why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost == nil {
		h.lost = fmt.Errorf("%w: %s", state.ErrLost, why)
	}
}

// Fence implements [state.Hold].
func (h *hold) Fence() *resource.Fence {
	return &resource.Fence{Lock: h.backend.name, Token: h.number}
}

// keepAlive keeps the lease alive, three times as often as needed, until the lock is given
// back or lost.
func (h *hold) keepAlive() {
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	h.ended.Go(func() {
		pause := h.ttl / 3
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			if h.Err() != nil {
				return
			}
			pause = h.ttl / 3
			if !h.renew(ctx) {
				pause = h.ttl / 20
			}
		}
	})
}

// renew asks for more time, and makes sure that the lock's key is ours still.
func (h *hold) renew(ctx context.Context) bool {
	within, cancel := context.WithTimeout(ctx, min(h.ttl/3, h.backend.config.Timeout))
	defer cancel()
	sent := time.Now()
	resp, err := h.backend.client.KeepAliveOnce(within, h.lease)
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		h.lose("its lease has ended")
	}
	if err != nil {
		return false
	}
	key, err := h.backend.client.Get(within, h.backend.lockKey())
	if err != nil {
		return false
	}
	if len(key.Kvs) == 0 || key.Kvs[0].CreateRevision != h.number {
		h.lose("somebody removed it from etcd")
		return false
	}
	if h.Err() != nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ttl = time.Duration(resp.TTL) * time.Second
	h.until = h.certain(sent)
	return true
}

// Unlock implements [state.Hold].
func (h *hold) Unlock() error { return h.unlock() }

// giveBack ends the lease, and the lock with it. That of somebody else has another one.
func (h *hold) giveBack() error {
	lost := h.Err()
	h.lose("it was given back")
	h.stop()
	h.ended.Wait()
	err := h.backend.revoke(h.lease)
	if lost != nil || errors.Is(err, rpctypes.ErrLeaseNotFound) {
		err = nil // there was nothing to give back
	}
	if err != nil {
		err = fmt.Errorf("give the lock in etcd back, which ends by itself in %v at the most: %w", h.ttl, err)
	}
	return err
}
