package command

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/wholefile"
	"github.com/lvsctl/lvsctl/planner"
)

// metricsKind is what files with metrics are, to whoever writes one. Others read them:
// node_exporter runs as a user of its own.
var metricsKind = wholefile.Kind{What: "a file with metrics of lvsctl", Ending: ".prom", Mode: 0o644, Is: hasMetrics}

// hasMetrics tells whether a file begins as those do that lvsctl writes.
func hasMetrics(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(view.MetricsHead))
	n, _ := f.Read(head)
	return string(head[:n]) == view.MetricsHead
}

// recordDrift writes how a run of drift went to a file, and returns what it ends with: a file
// that cannot be written is an error, as whoever looks there sees an old one.
func (a *app) recordDrift(file string, paths []string, plan *planner.Plan, began time.Time, ending error) error {
	var text bytes.Buffer
	err := view.WriteDriftMetrics(&text, a.driftRun(paths, plan, began, ending))
	if err == nil {
		err = metricsKind.Write(file, text.Bytes())
	}
	if err == nil {
		return ending
	}
	err = fmt.Errorf("--metrics-file: %w", err)
	var said *exit
	if errors.As(ending, &said) && said.err == nil { // the rest was said
		if said.code == exitUnreachable {
			return &exit{exitUnreachable, err}
		}
		return err
	}
	return errors.Join(ending, err)
}

// driftRun is how a run of drift went that ended like this.
func (a *app) driftRun(paths []string, plan *planner.Plan, began time.Time, ending error) *view.DriftRun {
	run := &view.DriftRun{Config: configName(paths), Unread: map[string]error{}, Plan: plan, Ended: a.now()}
	run.Took = run.Ended.Sub(began)
	if ending != nil {
		run.ExitCode = codeOf(ending)
		addUnread(run.Unread, ending)
	}
	run.Succeeded = run.ExitCode == 0 || run.ExitCode == exitDrift
	if a.begun == nil || a.begun.desired == nil {
		return run
	}
	run.Snapshots = a.begun.snapshots
	for _, h := range a.begun.unreached {
		run.Unread[h.Host] = h.Err
	}
	if hosts, err := a.begun.selected(); err == nil { // or it is what the run ended with
		for _, h := range hosts {
			run.Hosts = append(run.Hosts, h.Name)
		}
	}
	return run
}

// configName names a config, wherever lvsctl is started.
func configName(paths []string) string {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = path
		if whole, err := filepath.Abs(path); err == nil {
			names[i] = whole
		}
	}
	return strings.Join(names, " ")
}

// addUnread adds the hosts with which there was trouble.
func addUnread(unread map[string]error, err error) {
	switch e := err.(type) { //nolint:errorlint // it goes through the tree itself
	case *fleet.HostError:
		unread[e.Host] = e.Err
	case interface{ Unwrap() error }:
		addUnread(unread, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			addUnread(unread, one)
		}
	}
}
