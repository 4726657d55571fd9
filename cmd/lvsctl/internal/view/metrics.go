package view

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Metrics in the text format of Prometheus, for the textfile collector of node_exporter.
//
// What is not known has no sample, rather than an old one or a zero, so that a number is
// always of the run that the file tells of. Every sample has the config as a label: files of
// several configs can be in one directory, where no two samples may have the same labels.

// A DriftRun is a run of lvsctl drift as its metrics tell it.
type DriftRun struct {
	Config string   // the files and directories that it read
	Hosts  []string // that it was to look at; none where the config could not be read
	// Unread are those of the hosts that could not be reached or read, and why. Metrics do not
	// have the reason, as it would make another series of every wording.
	Unread    map[string]error
	Plan      *planner.Plan                 // of the hosts that were read, nil where there is none
	Snapshots map[string]*resource.Snapshot // of these hosts
	Ended     time.Time
	Took      time.Duration
	Succeeded bool // it looked at all its hosts
	ExitCode  int
}

// MetricsHead is how every text that [WriteDriftMetrics] writes begins.
const MetricsHead = "# HELP lvsctl_"

// WriteDriftMetrics writes a run as metrics.
func WriteDriftMetrics(w io.Writer, r *DriftRun) error {
	var b strings.Builder
	for _, f := range append(r.runFamilies(), r.hostFamilies()...) {
		f.write(&b, r.Config)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// A family is a metric with its samples. All of ours can go up and down.
type family struct {
	name, help string
	samples    []sample
}

// A sample is one number, of a host or of the whole run.
type sample struct {
	host  string // empty for the run
	value float64
}

// runFamilies are the metrics of the run as a whole.
func (r *DriftRun) runFamilies() []family {
	one := func(value float64) []sample { return []sample{{value: value}} }
	list := []family{
		{"lvsctl_run_timestamp_seconds", "When the last run of lvsctl drift ended.", one(unixSeconds(r.Ended))},
		{"lvsctl_run_duration_seconds", "How long it took.", one(r.Took.Seconds())},
		{"lvsctl_run_success", "Whether it looked at all its hosts, whatever it found there.", one(binary(r.Succeeded))},
		{"lvsctl_run_exit_code", "Its exit code: 0 no drift, 2 drift or a reboot, 1 error, 7 a host cannot be reached.", one(float64(r.ExitCode))},
	}
	if len(r.Hosts) > 0 {
		list = append(list, family{"lvsctl_hosts", "How many hosts it was to look at.", one(float64(len(r.Hosts)))})
	}
	return list
}

// hostFamilies are the metrics of each host.
func (r *DriftRun) hostFamilies() []family {
	read := map[string]planner.Host{}
	if r.Plan != nil {
		for _, h := range r.Plan.Hosts {
			read[h.Name] = h
		}
	}
	counted := func(count func(planner.Host) int) func(string) (float64, bool) {
		return func(name string) (float64, bool) {
			h, known := read[name]
			if !known {
				return 0, false
			}
			return float64(count(h)), true
		}
	}
	up := func(name string) (float64, bool) {
		_, is := read[name]
		_, isNot := r.Unread[name]
		return binary(is), is || isNot
	}
	return []family{
		r.ofHosts("lvsctl_host_up", "Whether the host could be reached and read.", up),
		r.ofHosts("lvsctl_drift_objects", "Objects that are not as lvsctl left them.", counted(func(h planner.Host) int { return len(h.Drift) })),
		r.ofHosts("lvsctl_lost_objects", "Objects that went when the host booted, and were not set up again.", counted(func(h planner.Host) int { return h.Rebooted })),
		r.ofHosts("lvsctl_pending_changes", "Changes of the config that were not applied yet.", counted(func(h planner.Host) int { return len(alone(r.Plan, h).Pending()) })),
		r.ofHosts("lvsctl_foreign_objects", "IPVS services and destinations that lvsctl did not make.", counted(func(h planner.Host) int { return len(h.Foreign) })),
		r.ofHosts("lvsctl_last_apply_timestamp_seconds", "When the last apply began that the host remembers.", r.lastApply),
	}
}

// lastApply is when the last apply of a host began, if it remembers one.
func (r *DriftRun) lastApply(host string) (float64, bool) {
	snap := r.Snapshots[host]
	if snap == nil || snap.Ledger.Last == nil || snap.Ledger.Last.Apply.Since.IsZero() {
		return 0, false
	}
	return unixSeconds(snap.Ledger.Last.Apply.Since), true
}

// ofHosts is a metric of those hosts that have a number for it.
func (r *DriftRun) ofHosts(name, help string, of func(host string) (float64, bool)) family {
	f := family{name: name, help: help}
	for _, host := range r.Hosts {
		if value, known := of(host); known {
			f.samples = append(f.samples, sample{host, value})
		}
	}
	return f
}

// write writes the metric, unless it has no samples.
func (f family) write(b *strings.Builder, config string) {
	if len(f.samples) == 0 {
		return
	}
	b.WriteString("# HELP " + f.name + " " + f.help + "\n# TYPE " + f.name + " gauge\n")
	for _, s := range f.samples {
		b.WriteString(f.name + `{config="` + labelValue(config) + `"`)
		if s.host != "" {
			b.WriteString(`,host="` + labelValue(s.host) + `"`)
		}
		b.WriteString("} " + strconv.FormatFloat(s.value, 'f', -1, 64) + "\n")
	}
}

// labelEscapes is what would end the value of a label, or its line.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// labelValue is a text as the value of a label, which is UTF-8.
func labelValue(text string) string { return labelEscapes.Replace(strings.ToValidUTF8(text, "\ufffd")) }

// unixSeconds is a time in seconds, to the millisecond, as Prometheus keeps times.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// binary is a truth as a number.
func binary(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
