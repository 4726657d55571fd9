package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Kept is how many applies are kept.
const Kept = 1000

// Record implements [state.Hold]: on the condition that the lock is ours.
func (h *hold) Record(ctx context.Context, past resource.Past) error {
	if err := h.Err(); err != nil {
		return err
	}
	past.Apply.Fence = h.Fence()
	text, err := json.Marshal(past)
	if err != nil {
		return err
	}
	old, err := h.backend.old(ctx)
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	key := fmt.Sprintf("%s%019d/%s", h.backend.historyKey(), h.number, past.Apply.ID)
	ops := slices.Concat(old, []clientv3.Op{clientv3.OpPut(key, string(text))})
	ours := clientv3.Compare(clientv3.CreateRevision(h.backend.lockKey()), "=", h.number)
	txn, err := h.backend.commit(ctx, []clientv3.Cmp{ours}, ops)
	switch {
	case err != nil:
		return fmt.Errorf("write the history: %w", err)
	case !txn.Succeeded:
		h.lose("it is not in etcd any more, or somebody else's")
		return fmt.Errorf("write the history: %w", h.Err())
	}
	return nil
}

// old is what removes entries that are too many once another one is written. They go one at
// a time, or a few where the bound was another.
func (b *Backend) old(ctx context.Context) ([]clientv3.Op, error) {
	all, err := b.get(ctx, b.historyKey(), clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil || all.Count < Kept {
		return nil, err
	}
	first, err := b.get(ctx, b.historyKey(), clientv3.WithPrefix(), clientv3.WithKeysOnly(), clientv3.WithLimit(min(all.Count-Kept+1, maxRemoved)))
	if err != nil {
		return nil, err
	}
	ops := make([]clientv3.Op, len(first.Kvs))
	for i, kv := range first.Kvs {
		ops[i] = clientv3.OpDelete(string(kv.Key))
	}
	return ops, nil
}

// maxRemoved is how many entries go at once. A transaction may have 128 parts.
const maxRemoved = 100

// History implements [state.Backend].
func (b *Backend) History(ctx context.Context, n int) ([]resource.Past, error) {
	txn, err := b.commit(ctx, nil, []clientv3.Op{
		clientv3.OpGet(b.lockKey()),
		clientv3.OpGet(b.historyKey(), clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend), clientv3.WithLimit(int64(n))),
	})
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	held := int64(0)
	if lock := txn.Responses[0].GetResponseRange().Kvs; len(lock) > 0 {
		held = lock[0].CreateRevision
	}
	var list []resource.Past
	for _, kv := range txn.Responses[1].GetResponseRange().Kvs {
		var past resource.Past
		if err := json.Unmarshal(kv.Value, &past); err != nil {
			return nil, fmt.Errorf("read the history: %s: %w", kv.Key, err)
		}
		past.Running = past.Ending == "" && past.Apply.Fence != nil && past.Apply.Fence.Token == held
		list = append(list, past)
	}
	return list, nil
}
