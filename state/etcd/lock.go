package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/lvsctl/lvsctl/state"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Acquire implements [state.Backend].
func (b *Backend) Acquire(ctx context.Context, who state.Holder, timeout time.Duration) (state.Hold, error) {
	deadline := time.Now().Add(timeout)
	for {
		seen, err := b.get(ctx, b.lockKey())
		if err != nil {
			return nil, fmt.Errorf("lock: %w", err)
		}
		if len(seen.Kvs) == 0 {
			h, err := b.take(ctx, who)
			if err != nil {
				return nil, fmt.Errorf("lock: %w", err)
			}
			if h != nil {
				return h, nil
			}
			continue // somebody else was faster, and that can be looked at now
		}
		holder := decodeHolder(seen.Kvs[0].Value)
		left := time.Until(deadline)
		if left <= 0 {
			return nil, &state.HeldError{Holder: holder}
		}
		if err := b.awaitFree(ctx, seen.Header.Revision, left); err != nil {
			return nil, fmt.Errorf("wait for the lock, which is held by %s: %w", holder, err)
		}
	}
}

// take makes the lock's key, nil if it is there.
func (b *Backend) take(ctx context.Context, who state.Holder) (*hold, error) {
	if who.Since.IsZero() {
		who.Since = time.Now()
	}
	who.Since = who.Since.UTC().Truncate(time.Second)
	if who.PID == 0 {
		who.PID = os.Getpid()
	}
	text, err := json.Marshal(who)
	if err != nil {
		return nil, err
	}
	sent := time.Now()
	within, cancel := context.WithTimeout(ctx, b.config.Timeout)
	defer cancel()
	lease, err := b.client.Grant(within, int64(b.config.TTL/time.Second))
	if err != nil {
		return nil, b.explain(ctx, err)
	}
	free := clientv3.Compare(clientv3.CreateRevision(b.lockKey()), "=", 0)
	txn, err := b.commit(ctx, []clientv3.Cmp{free}, []clientv3.Op{clientv3.OpPut(b.lockKey(), string(text), clientv3.WithLease(lease.ID))})
	if err != nil || !txn.Succeeded {
		_ = b.revoke(lease.ID) // it may have been done, and the answer lost; else it ends by itself
		return nil, err
	}
	h := newHold(b, lease.ID, txn.Header.Revision, sent, time.Duration(lease.TTL)*time.Second)
	h.keepAlive()
	return h, nil
}

// revoke ends a lease, and with it its keys.
func (b *Backend) revoke(lease clientv3.LeaseID) error {
	ctx, cancel := context.WithTimeout(context.Background(), b.config.Timeout)
	defer cancel()
	_, err := b.client.Revoke(ctx, lease)
	return err
}

// watchAgain is the pause after a watch that ended by itself.
const watchAgain = 100 * time.Millisecond

// awaitFree returns when the lock may be free, or as good as that: after some time, or when the
// servers end the watch.
func (b *Backend) awaitFree(ctx context.Context, seen int64, atMost time.Duration) error {
	within, cancel := context.WithTimeout(clientv3.WithRequireLeader(ctx), atMost)
	defer cancel()
	for resp := range b.client.Watch(within, b.lockKey(), clientv3.WithRev(seen+1)) {
		for _, event := range resp.Events {
			if event.Type == mvccpb.DELETE {
				return nil
			}
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-within.Done():
	case <-time.After(watchAgain):
	}
	return nil
}
