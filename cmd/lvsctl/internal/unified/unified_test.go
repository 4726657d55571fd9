package unified

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDiffIsThatOfDiff compares with diff -u where there is one shortest difference.
func TestDiffIsThatOfDiff(t *testing.T) {
	numbers := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintln(&b, i+1)
		}
		return b.String()
	}
	change := func(text string, lines ...string) string {
		for _, l := range lines {
			text = strings.Replace(text, "\n"+l+"\n", "\nnew "+l+"\n", 1)
		}
		return text
	}
	tests := []struct{ name, before, after string }{
		{"one line", "a\n", "b\n"},
		{"first line", numbers(9), "0\n" + numbers(9)},
		{"last line", numbers(9), numbers(10)},
		{"last line goes", numbers(9), numbers(8)},
		{"middle", numbers(20), change(numbers(20), "10")},
		{"far apart", numbers(30), change(numbers(30), "5", "25")},
		{"six lines apart", numbers(30), change(numbers(30), "10", "17")},
		{"seven lines apart", numbers(30), change(numbers(30), "10", "18")},
		{"from nothing", "", numbers(3)},
		{"to nothing", numbers(3), ""},
		{"from nothing, a line", "", "a\n"},
		{"no line break in either", "a\nb", "a\nc"},
		{"no line break, equal", "a\nb\nc", "x\nb\nc"},
		{"line break comes", "a\nb", "a\nb\n"},
		{"line break goes", "a\nb\n", "a\nb"},
		{"blank lines", "a\n\n\nb\n", "a\n\nb\n"},
		{"carriage returns", "a\r\nb\r\n", "a\nb\n"},
		{"not UTF-8", "\xff\n\xfe\n", "\xff\n\xfd\n"},
		{"looks like a diff", "--- a\n+++ b\n@@\n", "--- a\n-++ b\n@@\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := systemDiff(t, test.before, test.after)
			if diff := cmp.Diff(want, Diff("a", "b", test.before, test.after)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiffOfEqualTexts(t *testing.T) {
	for _, text := range []string{"", "a", "a\n"} {
		if got := Diff("a", "b", text, text); got != "" {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// TestPatch makes new texts of old ones with patch, and finds that no difference is much
// longer than that of diff.
func TestPatch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ours, theirs := 0, 0
	for range 150 {
		before := randomText(random)
		after := edited(random, before)
		d := Diff("a", "b", before, after)
		if got := patched(t, before, d); got != after {
			t.Fatalf("from\n%q\nto\n%q\ngot\n%q\nby\n%s", before, after, got, d)
		}
		ours += changedLines(d)
		theirs += changedLines(systemDiff(t, before, after))
	}
	if ours == 0 || ours > theirs*6/5 {
		t.Errorf("%d changed lines, and diff has %d", ours, theirs)
	}
}

// TestManyLines compares texts with more different lines than UTF-8 has short runes.
func TestManyLines(t *testing.T) {
	var before strings.Builder
	for i := range 70_000 {
		fmt.Fprintf(&before, "server 10.%d.%d.%d\n", i>>16, i>>8&255, i&255)
	}
	after := strings.Replace(before.String(), "10.0.216.1\n", "10.0.216.1 weight 5\n", 1)
	want := "@@ -55295,7 +55295,7 @@\n server 10.0.215.254\n server 10.0.215.255\n server 10.0.216.0\n-server 10.0.216.1\n+server 10.0.216.1 weight 5\n"
	if got := Diff("a", "b", before.String(), after); !strings.Contains(got, want) || changedLines(got) != 2 {
		t.Errorf("got %s, want %s", got, want)
	}
}

// randomText is some lines, of which many are the same.
func randomText(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(40) {
		fmt.Fprintf(&b, "%s\n", []string{"", "a", "b", "c", "-", "+d", " e", "\\ f", "@@"}[random.IntN(9)])
	}
	return maybeCut(random, b.String())
}

// edited is a text with some lines gone, new or changed.
func edited(random *rand.Rand, text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		switch random.IntN(8) {
		case 0:
			continue
		case 1:
			b.WriteString(randomText(random) + "\n")
		}
		b.WriteString(strings.TrimSuffix(l, "\n") + "\n")
	}
	return maybeCut(random, b.String())
}

// maybeCut takes the last line break away at times.
func maybeCut(random *rand.Rand, text string) string {
	if random.IntN(3) == 0 {
		return strings.TrimRight(text, "\n")
	}
	return text
}

// changedLines counts lines that go or come.
func changedLines(diff string) int {
	n := 0
	for l := range strings.Lines(diff) {
		if (l[0] == '-' || l[0] == '+') && l != "--- a\n" && l != "+++ b\n" {
			n++
		}
	}
	return n
}

// systemDiff is what diff -u says.
func systemDiff(t *testing.T, before, after string) string {
	t.Helper()
	dir := t.TempDir()
	a, b := write(t, dir, "a", before), write(t, dir, "b", after)
	out, err := exec.Command("diff", "-u", "--text", "--label", "a", "--label", "b", a, b).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("diff: %v", err)
	}
	return string(out)
}

// patched is what patch makes of a text.
func patched(t *testing.T, before, diff string) string {
	t.Helper()
	dir := t.TempDir()
	file := write(t, dir, "a", before)
	cmd := exec.Command("patch", "--force", "--quiet", "--fuzz=0", file)
	cmd.Stdin = strings.NewReader(diff)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("patch: %v\n%s\n%s", err, out, diff)
	}
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) { // patch removes a file of which nothing is left
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
