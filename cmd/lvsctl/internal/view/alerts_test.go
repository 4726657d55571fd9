package view

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var metricName = regexp.MustCompile(`\blvsctl_[a-z_]+\b`)

// Alerts and documentation know the metrics that there are.
func TestMetricsOfAlerts(t *testing.T) {
	_, values := metricsOf(t, driftRuns()["drift"])
	known := map[string]bool{}
	for sample := range values {
		name, _, _ := strings.Cut(sample, " ")
		known[name] = true
	}
	for file, all := range map[string]bool{"examples/cron/lvsctl.rules.yml": false, "docs/operations.md": true} {
		text, err := os.ReadFile("../../../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		named := metricName.FindAllString(string(text), -1)
		if len(named) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, name := range named {
			if !known[name] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
		for name := range known {
			if all && !slices.Contains(named, name) {
				t.Errorf("%s lacks %s", file, name)
			}
		}
	}
}
