package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What a host block asks for by name comes before all clusters, in the order in which it
// can be set up. These are no steps of a cluster: "host" stands in the place of its name.

// purposes are the steps of a host block, in their order, and what they are for.
var purposes = []struct {
	name  string
	kinds []resource.Kind
}{
	{"network interfaces", []resource.Kind{resource.KindLink}},
	{interfaceSettings, []resource.Kind{resource.KindLinkSetting}},
	{"settings", []resource.Kind{resource.KindSysctl}},
	{"addresses", []resource.Kind{resource.KindAddress}},
	{"routes", []resource.Kind{resource.KindRoute, resource.KindRule}},
	{"files", []resource.Kind{resource.KindDirectory, resource.KindFile, resource.KindBlock}},
	{"mounts", []resource.Kind{resource.KindMount}},
	{"units", []resource.Kind{resource.KindUnit}},
}

// hostBlock stands in the place of a cluster in the names of those steps.
const hostBlock = "host"

// interfaceSettings is for those interfaces that are made in the step before. What a
// setting was is what it is when its step begins, and they were not there before.
const interfaceSettings = "interface settings"

// ipvsPurposes are the steps for the settings of IPVS.
var ipvsPurposes = map[resource.Kind]string{
	resource.KindSysctl: "IPVS settings", resource.KindTimeout: "IPVS settings", resource.KindSyncDaemon: "connection synchronisation",
}

// hostSettings wants what a host block asks for.
func (d *Desired) hostSettings(h *schema.Host) {
	last := d.settingSteps(h, byPurpose(h.Settings), nil)
	if len(h.IPVS) == 0 {
		return
	}
	loaded := d.step(h, "host", "load IPVS")
	if last != nil {
		loaded.comesAfter(last, "a host block is carried out from top to bottom")
	}
	d.want(loaded, resource.Module{Name: "ip_vs"}, schema.SourceOf(h.IPVS[0].Range))
	settings := make([]setting, len(h.IPVS))
	for i, s := range h.IPVS {
		settings[i] = setting{s, ipvsPurposes[s.Resource.Key().Kind]}
	}
	d.settingSteps(h, settings, &edge{loaded, "the settings come with IPVS"})
}

// A setting is one that a host block asks for, with what the step is for that it is in.
type setting struct {
	schema.Setting
	purpose string
}

// byPurpose brings the settings of a host in the order of their steps.
func byPurpose(list []schema.Setting) []setting {
	made := map[string]bool{}
	for _, s := range list {
		if k := s.Resource.Key(); k.Kind == resource.KindLink {
			made[k.Name] = true
		}
	}
	var sorted []setting
	for i, p := range purposes {
		for _, s := range list {
			k := s.Resource.Key()
			existing := k.Kind == resource.KindLinkSetting && !made[resource.LinkOfSetting(k)]
			if existing && i == 0 || !existing && slices.Contains(p.kinds, k.Kind) {
				sorted = append(sorted, setting{s, p.name})
			}
		}
	}
	return sorted
}

// settingSteps wants a list of settings: those for one purpose that follow each other are
// a step, which comes after the one before, the first of them after the given one. It
// returns the last step.
func (d *Desired) settingSteps(h *schema.Host, list []setting, after *edge) *step {
	var s *step
	purpose := ""
	for _, setting := range list {
		if setting.purpose != purpose {
			next := d.step(h, "host", setting.purpose)
			if after != nil {
				next.comesAfter(after.step, after.why)
			}
			s, purpose = next, setting.purpose
			after = &edge{s, "what comes later may stand on it"}
		}
		d.want(s, setting.Resource, schema.SourceOf(setting.Range))
	}
	return s
}
