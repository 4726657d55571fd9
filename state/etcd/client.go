// Package etcd keeps the lock and the history of a fleet in an etcd, for all runs of lvsctl
// wherever they are.
//
// # The lock
//
// The lock is a key, PREFIX/lock, that belongs to a lease. It is made in a transaction that
// demands that it is not there, and says who holds it. The holder keeps the lease alive; when
// it dies, the servers end the lease and delete the key, which is what those who wait for it
// watch for.
//
// A holder that is stopped, or cut off from the servers, does not hear that its lease has
// ended. So it goes by its own clock: a lease that was kept alive by a request is good for its
// time from when the request was sent, which is before the servers began to count. A tenth of
// that time before it is over the lock counts as lost, and it stays lost, whatever the
// servers say then.
//
// The revision at which the key was made is the holder's number: later holders have higher
// ones. All that a holder writes is written on the condition that the key is still the one
// that it made, so what one writes that lost the lock without knowing is refused.
//
// # The history
//
// Each apply is a key, PREFIX/history/NUMBER/ID, with the number of the holder that made it.
// The oldest go when there are more than [Kept].
package etcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/state"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// A Config says which etcd it is and how to talk to it.
type Config struct {
	Endpoints []string // URLs, all with http or all with https
	Prefix    string   // of the names of keys, without a slash at its ends
	Username  string   // empty: nobody logs in
	Password  string
	CAFile    string // PEM files; empty: the system's authorities, and no certificate of ours
	CertFile  string
	KeyFile   string
	TTL       time.Duration // of the lock's lease, whole seconds; the servers may make it longer
	Timeout   time.Duration // of one request
}

// A Backend is a [state.Backend] in an etcd.
type Backend struct {
	config Config
	client *clientv3.Client
	name   string // of the lock, among all that there are
}

var _ state.Backend = (*Backend)(nil)

// Open connects to the servers, logs in and sees whether they answer. What is wrong with the
// way there, with TLS and with the login are errors that say so.
func Open(ctx context.Context, config Config) (*Backend, error) {
	b := &Backend{config: config}
	if err := b.open(ctx); err != nil {
		return nil, fmt.Errorf("etcd at %s: %w", strings.Join(config.Endpoints, ", "), err)
	}
	return b, nil
}

func (b *Backend) open(ctx context.Context) error {
	secure, err := b.config.tls()
	if err != nil {
		return err
	}
	if err := reach(ctx, b.config.Endpoints, secure, b.config.Timeout); err != nil {
		return err
	}
	b.client, err = clientv3.New(clientv3.Config{
		Endpoints: b.config.Endpoints, TLS: secure,
		Username: b.config.Username, Password: b.config.Password,
		DialTimeout: b.config.Timeout, DialKeepAliveTime: b.config.TTL, DialKeepAliveTimeout: b.config.Timeout,
		Logger: zap.NewNop(),
	})
	if err != nil {
		return b.explain(ctx, err)
	}
	resp, err := b.get(ctx, b.lockKey())
	if err != nil {
		return errors.Join(err, b.Close())
	}
	b.name = fmt.Sprintf("etcd %x, %s", resp.Header.ClusterId, b.config.Prefix)
	return nil
}

// Close implements [state.Backend].
func (b *Backend) Close() error {
	if err := b.client.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("leave etcd: %w", err)
	}
	return nil
}

// Inspect implements [state.Backend].
func (b *Backend) Inspect(ctx context.Context) (*state.Holder, error) {
	resp, err := b.get(ctx, b.lockKey())
	if err != nil || len(resp.Kvs) == 0 {
		return nil, err
	}
	holder := decodeHolder(resp.Kvs[0].Value)
	return &holder, nil
}

// Clear implements [state.Backend]. A lock goes with its lease, so that nothing is left by
// itself: but somebody may have put the key there without one, as by copying all keys.
func (b *Backend) Clear(ctx context.Context) ([]string, error) {
	resp, err := b.get(ctx, b.lockKey())
	if err != nil || len(resp.Kvs) == 0 {
		return nil, err
	}
	kv := resp.Kvs[0]
	holder := decodeHolder(kv.Value)
	alive, err := b.alive(ctx, clientv3.LeaseID(kv.Lease))
	switch {
	case err != nil:
		return nil, err
	case alive:
		return nil, &state.HeldError{Holder: holder}
	}
	txn, err := b.commit(ctx, []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(b.lockKey()), "=", kv.ModRevision)},
		[]clientv3.Op{clientv3.OpDelete(b.lockKey())})
	if err != nil || !txn.Succeeded {
		return nil, err // somebody else was faster
	}
	return []string{"the lock of " + holder.String() + ", which had no lease to end with"}, nil
}

// alive tells whether a lease is: none at all is not.
func (b *Backend) alive(ctx context.Context, lease clientv3.LeaseID) (bool, error) {
	if lease == clientv3.NoLease {
		return false, nil
	}
	within, cancel := context.WithTimeout(ctx, b.config.Timeout)
	defer cancel()
	resp, err := b.client.TimeToLive(within, lease)
	if err != nil {
		return false, b.explain(ctx, err)
	}
	return resp.TTL >= 0, nil
}

func (b *Backend) lockKey() string    { return b.config.Prefix + "/lock" }
func (b *Backend) historyKey() string { return b.config.Prefix + "/history/" }

// get reads keys as all servers agree on them.
func (b *Backend) get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	within, cancel := context.WithTimeout(ctx, b.config.Timeout)
	defer cancel()
	resp, err := b.client.Get(within, key, opts...)
	return resp, b.explain(ctx, err)
}

// commit does some things at once if some conditions hold.
func (b *Backend) commit(ctx context.Context, conditions []clientv3.Cmp, ops []clientv3.Op) (*clientv3.TxnResponse, error) {
	within, cancel := context.WithTimeout(ctx, b.config.Timeout)
	defer cancel()
	resp, err := b.client.Txn(within).If(conditions...).Then(ops...).Commit()
	return resp, b.explain(ctx, err)
}

// explain says what an error of the servers means here.
func (b *Backend) explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, rpctypes.ErrAuthFailed):
		return fmt.Errorf("the login of %q is refused: there is no such user, or the password is wrong", b.config.Username)
	case errors.Is(err, rpctypes.ErrUserEmpty), errors.Is(err, rpctypes.ErrPermissionDenied) && b.config.Username == "":
		return errors.New("it wants a login: the backend block needs username and password, or a certificate with the name of a user who may read and write there")
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return fmt.Errorf("the user %q may not read and write the keys below %q: grant it a role that may, as with etcdctl role grant-permission --prefix", b.config.Username, b.config.Prefix+"/")
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer within %v: %w", b.config.Timeout, err)
	}
	return err
}

// decodeHolder reads who holds a lock. What it cannot read it leaves out: no more than a
// message depends on it.
func decodeHolder(text []byte) (h state.Holder) {
	if json.Unmarshal(text, &h) != nil {
		return state.Holder{}
	}
	return h
}
