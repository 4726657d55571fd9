package fleet

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// LastApply returns the last apply that can be undone, and the hosts that it went to. The
// errors are those of hosts, and of [planner.LastApply].
func (f *Fleet) LastApply(ctx context.Context) (*resource.Apply, []string, error) {
	journals, err := f.Journals(ctx)
	if err != nil {
		return nil, nil, err
	}
	apply, part, err := planner.LastApply(journals)
	return apply, slices.Sorted(maps.Keys(part)), err
}

// Reversion plans how to undo what some hosts remember as their last apply. Real servers
// that go are drained for so long. Those of lost hosts stay out of service, if they are.
func (f *Fleet) Reversion(ctx context.Context, hosts []string, drain time.Duration, lost ...string) (*planner.Plan, error) {
	journals, err := f.Journals(ctx)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(journals, func(host string, j *resource.Journal) bool {
		return !slices.Contains(hosts, host) || j == nil || j.Ending == resource.Reverted
	})
	snapshots, err := f.Read(ctx, func(host string) []resource.Key {
		if j := journals[host]; j != nil {
			return planner.Rolled(j)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return planner.Revert(journals, snapshots, drain, f.addressesOf(lost)...), nil
}

// maxReverts is how many plans lead back at the most: an object that was ours and yet not
// there takes two, and the last one is empty.
const maxReverts = 4

// RollBack undoes an apply on locked hosts and verifies that. Agents that were lost get
// another chance; the hosts of those that stay lost are left as they are, and are the
// error. The others remember the apply until all of them are back. Plans are carried out by execute, which is [Fleet.Apply] with some progress.
func (f *Fleet) RollBack(ctx context.Context, by agent.Holder, apply resource.Apply, hosts []string, note string, drain time.Duration, execute func(context.Context, *planner.Plan) error) error {
	if err := f.stillHeld(); err != nil {
		return err
	}
	lost, unreachable := f.Revive(ctx, by)
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(name string) bool { return slices.Contains(lost, name) })
	if apply.Within > 0 {
		defer f.KeepAlive(hosts)()
	}
	apply.Reverts, apply.Within = true, 0
	for pass := range maxReverts {
		plan, err := f.Reversion(ctx, hosts, drain, lost...)
		if err != nil {
			return err
		}
		if pass == 0 {
			if err := f.Start(ctx, by, apply, hosts, plan); err != nil {
				return err
			}
		}
		if len(plan.Steps) == 0 && unreachable != nil {
			return errors.Join(f.End(ctx, hosts, resource.Kept, "it is taken back here, and not yet on "+strings.Join(lost, ", ")), unreachable)
		}
		if len(plan.Steps) == 0 {
			return f.End(ctx, hosts, resource.Reverted, note)
		}
		if err := execute(ctx, plan); err != nil {
			return err
		}
	}
	return errors.New("something else keeps changing the hosts")
}
