package schema

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// dump writes a config for people to read.
func dump(c *Config) string {
	var b strings.Builder
	for _, h := range c.Hosts {
		dumpHost(&b, h)
	}
	for _, cl := range c.Clusters {
		dumpCluster(&b, cl)
	}
	for _, p := range c.Policies {
		dumpPolicy(&b, p)
	}
	if c.Backend != nil {
		dumpBackend(&b, c.Backend)
	}
	return b.String()
}

func dumpHost(b *strings.Builder, h *Host) {
	fmt.Fprintf(b, "host %s at %s: address %s interface %q reach {Local:%v Netns:%v Command:%v}\n", h.Name, SourceOf(h.Range), h.Address, h.Interface, h.Reach.Local, h.Reach.Netns, h.Reach.Command)
	if h.Reach.SSH != nil {
		fmt.Fprintf(b, "  ssh %+v\n", *h.Reach.SSH)
	}
	dumpIgnores(b, "  ", h.Ignores)
	for _, s := range slices.Concat(h.Settings, h.IPVS) {
		fmt.Fprintf(b, "  %s %s at %s\n", s.Resource.Key().Kind, s.Resource, SourceOf(s.Range))
	}
}

func dumpCluster(b *strings.Builder, c *Cluster) {
	fmt.Fprintf(b, "cluster %s at %s: mode %s vip %s directors", c.Name, SourceOf(c.Range), c.Mode, listAddrs(c.VIPs))
	for _, h := range c.Directors {
		fmt.Fprintf(b, " %s on %q", h.Name, c.VIPInterface(h))
	}
	if len(c.VIPLabels) > 0 {
		fmt.Fprintf(b, " labels %q", c.VIPLabels)
	}
	if c.Gateway.IsValid() || c.GatewayTable > 0 {
		fmt.Fprintf(b, " gateway %s table %d", c.Gateway, c.GatewayTable)
	}
	if c.Source.IsValid() {
		fmt.Fprintf(b, " source %s-%s", c.Source.First, c.Source.Last)
	}
	if c.MSS > 0 {
		fmt.Fprintf(b, " mss %d", c.MSS)
	}
	if c.ServicesOnly {
		b.WriteString(" services only")
	}
	b.WriteByte('\n')
	dumpIgnores(b, "  ", c.Ignores)
	for _, s := range c.Services {
		dumpService(b, s)
	}
	for _, s := range c.Shares {
		dumpShare(b, s)
	}
	for _, p := range c.Probes {
		type fields resource.Probe
		fmt.Fprintf(b, "  probe %s of %s at %s: from %q %+v\n", p.Name, p.Cluster, SourceOf(p.Range), p.Host(), fields(p.Try))
	}
	if r := c.Rollout; r != nil {
		dumpRollout(b, r)
	}
}

func dumpRollout(b *strings.Builder, r *Rollout) {
	type fields resource.Probe
	fmt.Fprintf(b, "  rollout at %s: %d servers or %d%%, pause %s, keep %t\n", SourceOf(r.Range), r.Servers, r.Percent, r.Pause, r.Keep)
	for _, addr := range slices.SortedFunc(maps.Keys(r.Probes), netip.Addr.Compare) {
		for _, p := range r.Probes[addr] {
			fmt.Fprintf(b, "    %s is asked %+v\n", addr, fields(p))
		}
	}
}

func dumpShare(b *strings.Builder, s *Share) {
	fmt.Fprintf(b, "  share %s at %s: %s on %s to %q (%s)", s.Name, SourceOf(s.Range), s.Source(), s.Server.Name, s.Clients, s.Options)
	if s.Directory != nil {
		fmt.Fprintf(b, " directory %s", s.Directory)
	}
	b.WriteByte('\n')
	dumpIgnores(b, "    ", s.Ignores)
	for _, m := range s.Mounts {
		fmt.Fprintf(b, "    mount %s at %s (%s) boot %t force %t on", m.Target, SourceOf(m.Range), m.Options, m.Boot, m.Force)
		for _, h := range m.Hosts {
			b.WriteString(" " + h.Name)
		}
		b.WriteByte('\n')
	}
}

func dumpService(b *strings.Builder, s *Service) {
	fmt.Fprintf(b, "  service %s at %s:", s.Name, SourceOf(s.Range))
	for _, key := range s.Keys() {
		fmt.Fprintf(b, " %s", key)
	}
	for _, p := range s.Packets {
		fmt.Fprintf(b, " packets %s/%d-%d", p.Protocol, p.First, p.Last)
	}
	fmt.Fprintf(b, " algorithm %s at %s", s.Algorithm, SourceOf(s.AlgorithmAt))
	if s.Flags != 0 {
		fmt.Fprintf(b, " flags %#x", uint32(s.Flags))
	}
	if p := s.Persistence; p != (Persistence{}) {
		fmt.Fprintf(b, " persistence timeout %d netmask %#x engine %q", p.Timeout, p.Netmask, p.Engine)
	}
	if s.Drain != 30*time.Second {
		fmt.Fprintf(b, " drain %s", s.Drain)
	}
	b.WriteByte('\n')
	dumpIgnores(b, "    ", s.Ignores)
	for i := range s.RealServers {
		dumpServer(b, &s.RealServers[i])
	}
}

func dumpIgnores(b *strings.Builder, indent string, list []Ignore) {
	for _, i := range list {
		fmt.Fprintf(b, "%signore %s: %s at %s\n", indent, i.Rule, i.Reason, SourceOf(i.Range))
	}
}

func dumpServer(b *strings.Builder, r *RealServer) {
	fmt.Fprintf(b, "    %-10q %s port %d %s weight %d thresholds %d-%d at %s", r.Name, r.Addr, r.Port, r.Mode, r.Weight, r.LowerThreshold, r.UpperThreshold, r.Source)
	if r.Tunnel != (Tunnel{}) {
		fmt.Fprintf(b, " tunnel %s port %d flags %d", r.Tunnel.Type, r.Tunnel.Port, r.Tunnel.Flags)
	}
	if r.Host != nil {
		b.WriteString(" host " + r.Host.Name)
	}
	b.WriteByte('\n')
}

func dumpPolicy(b *strings.Builder, p *Policy) {
	fmt.Fprintf(b, "policy %s at %s: %q", p.Name, SourceOf(p.Range), p.Message)
	if p.MaxRemoved != nil {
		fmt.Fprintf(b, " max removed %d", *p.MaxRemoved)
	}
	if p.KeepServers || p.KeepVIPs {
		fmt.Fprintf(b, " keep servers %t vips %t", p.KeepServers, p.KeepVIPs)
	}
	if len(p.Hosts) > 0 {
		b.WriteString(" hosts")
		for _, h := range p.Hosts {
			b.WriteString(" " + h.Name)
		}
	}
	if len(p.Clusters) > 0 {
		fmt.Fprintf(b, " clusters %q", p.Clusters)
	}
	b.WriteByte('\n')
	for _, w := range p.Windows {
		fmt.Fprintf(b, "  window at %s: %s\n", SourceOf(w.Range), w)
	}
}

// dumpBackend shows what is secret, too: it is a test's.
func dumpBackend(b *strings.Builder, k *Backend) {
	fmt.Fprintf(b, "backend at %s: %q prefix %q user %q password %q (printed as %v) ca %q cert %q key %q ttl %s timeout %s\n",
		SourceOf(k.Range), k.Endpoints, k.Prefix, k.Username, string(k.Password), k.Password, k.CAFile, k.CertFile, k.KeyFile, k.TTL, k.Timeout)
}
