package host

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// An apply leaves the two copies that were used last; a host that has nothing of ours has
// none.
func TestCopies(t *testing.T) {
	dir := t.TempDir()
	if err := tidyCopies(dir); err != nil {
		t.Fatalf("without any: %v", err)
	}
	for age, name := range []string{"now", "before", "long-ago", "never-whole"} {
		file := filepath.Join(dir, "agent", name, "lvsctl")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if name == "never-whole" {
			file += ".123"
		}
		if err := os.WriteFile(file, nil, 0o700); err != nil {
			t.Fatal(err)
		}
		used := time.Now().Add(-time.Duration(age) * time.Hour)
		if err := os.Chtimes(file, used, used); err != nil {
			t.Fatal(err)
		}
	}
	if err := tidyCopies(dir); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "agent", "*"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "agent/before"), filepath.Join(dir, "agent/now")}
	if !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
	if err := removeCopies(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "agent")); !os.IsNotExist(err) {
		t.Errorf("something is left: %v", err)
	}
}
