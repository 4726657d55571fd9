package view

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// driftRuns are runs of lvsctl drift that ended in all ways.
func driftRuns() map[string]*DriftRun {
	const config = "/etc/lvsctl"
	three := []string{"lb1", "web1", "web2"}
	moved := everything()
	moved.Hosts[2].Rebooted = 7
	last := &resource.Last{Apply: resource.Apply{Since: clock().Add(-time.Hour)}, Ending: resource.Applied}
	snapshots := map[string]*resource.Snapshot{
		"lb1": {Ledger: resource.Ledger{Last: last}}, "web1": {}, "web2": {Ledger: resource.Ledger{Last: &resource.Last{}}},
	}
	noAgent := errors.New("no agent answered\nConnection refused")
	return map[string]*DriftRun{
		"drift":       {Config: config, Hosts: three, Plan: moved, Snapshots: snapshots, Ended: clock(), Took: 1234 * time.Millisecond, Succeeded: true, ExitCode: 2},
		"none":        {Config: config, Hosts: three, Plan: nothing(three...), Ended: clock(), Took: time.Second, Succeeded: true},
		"unreachable": {Config: config, Hosts: three, Unread: map[string]error{"web1": noAgent}, Plan: nothing("lb1", "web2"), Snapshots: snapshots, Ended: clock(), ExitCode: 7},
		"unread":      {Config: config, Hosts: three, Unread: map[string]error{"lb1": noAgent, "web2": noAgent}, Ended: clock(), ExitCode: 7},
		"refused":     {Config: config, Ended: clock(), ExitCode: 1},
		"evil":        {Config: evil + `\"` + breakout + "\xff", Hosts: []string{evil, `"} 1` + "\n", "\xff\\"}, Plan: nothing(evil), Unread: map[string]error{"\xff\\": noAgent}, Ended: clock(), ExitCode: 1},
	}
}

// metricsOf is a run as metrics, read by Prometheus' own parser: by metric and host.
func metricsOf(t *testing.T, r *DriftRun) (text string, values map[string]float64) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteDriftMetrics(&b, r); err != nil {
		t.Fatal(err)
	}
	if err := WriteDriftMetrics(broken{}, r); !errors.Is(err, errPipe) {
		t.Errorf("an error in writing is lost: %v", err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(b.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, &b)
	}
	values = map[string]float64{}
	for name, f := range families {
		for _, m := range f.Metric {
			labels := map[string]string{}
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			if want := strings.ToValidUTF8(r.Config, "\ufffd"); labels["config"] != want {
				t.Errorf("%s is of config %q, want %q", name, labels["config"], want)
			}
			values[strings.TrimSpace(name+" "+labels["host"])] = m.GetGauge().GetValue()
		}
	}
	return b.String(), values
}

// What Prometheus reads. go test -update rewrites the files.
func TestDriftMetrics(t *testing.T) {
	for name, r := range driftRuns() {
		t.Run(name, func(t *testing.T) {
			text, values := metricsOf(t, r)
			if name != "evil" { // that is no text to read
				golden(t, "drift-"+name+".prom", text)
			}
			if !strings.HasPrefix(text, MetricsHead) {
				t.Errorf("begins with %q", text[:len(MetricsHead)])
			}
			problems, err := promlint.New(strings.NewReader(text)).Lint()
			if err != nil || len(problems) > 0 {
				t.Errorf("promlint: %v, %v", problems, err)
			}
			if lines := strings.Count(text, "\n") - strings.Count(text, "\n#") - 1; lines != len(values) {
				t.Errorf("%d samples are read of %d lines:\n%s", len(values), lines, text)
			}
		})
	}
}

// The numbers are those of the plan, and those of a host that was not read are missing.
func TestDriftMetricsCount(t *testing.T) {
	for name, r := range driftRuns() {
		_, values := metricsOf(t, r)
		want := map[string]float64{
			"lvsctl_run_timestamp_seconds": float64(clock().Unix()), "lvsctl_run_duration_seconds": r.Took.Seconds(),
			"lvsctl_run_success": binary(r.Succeeded), "lvsctl_run_exit_code": float64(r.ExitCode),
		}
		if len(r.Hosts) > 0 {
			want["lvsctl_hosts"] = float64(len(r.Hosts))
		}
		for host := range r.Unread {
			want["lvsctl_host_up "+strings.ToValidUTF8(host, "\ufffd")] = 0
		}
		if r.Plan != nil {
			pending := map[string]float64{}
			for _, s := range r.Plan.Steps {
				pending[s.Host] += float64(len((&planner.Plan{Steps: []resource.Step{s}}).Pending()))
			}
			for _, h := range r.Plan.Hosts {
				at := strings.TrimSpace(h.Name)
				want["lvsctl_host_up "+at] = 1
				want["lvsctl_drift_objects "+at] = float64(len(h.Drift))
				want["lvsctl_lost_objects "+at] = float64(h.Rebooted)
				want["lvsctl_foreign_objects "+at] = float64(len(h.Foreign))
				want["lvsctl_pending_changes "+at] = pending[h.Name]
			}
			if r.Snapshots != nil {
				want["lvsctl_last_apply_timestamp_seconds lb1"] = float64(clock().Add(-time.Hour).Unix())
			}
		}
		if diff := cmp.Diff(want, values); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A label's value cannot end itself, its sample or its line, and is what it was when it is
// read again.
func FuzzMetricLabels(f *testing.F) {
	for _, text := range []string{"lb1", evil, breakout, `\`, `"`, "\n", `\n`, "a\\\nb", "\xff", "{}#"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) != text || text == "" {
			return // names of hosts are never so
		}
		_, values := metricsOf(t, &DriftRun{Config: text, Hosts: []string{text}, Plan: nothing(text), Ended: clock()})
		if value, ok := values["lvsctl_host_up "+strings.ToValidUTF8(text, "\ufffd")]; !ok || value != 1 {
			t.Errorf("%q: %s", text, fmt.Sprint(values))
		}
	})
}
