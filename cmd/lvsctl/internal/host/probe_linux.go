package host

import (
	"context"

	"github.com/lvsctl/lvsctl/provider/probe"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Probe implements [agent.Host].
func (*local) Probe(ctx context.Context, probes []resource.Probe) ([]resource.ProbeOutcome, error) {
	return probe.Run(ctx, probes), nil
}
