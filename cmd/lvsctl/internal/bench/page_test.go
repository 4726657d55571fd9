package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// rewrite puts text between the two markers of a name in a page, in the place of what is
// there.
func rewrite(page, name, text string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	fresh, err := between(string(old), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(fresh), 0o644)
}

// between is a page with text between the two markers of a name.
func between(page, name, text string) (string, error) {
	begin, end := "<!-- measured: "+name+" -->\n", "<!-- end: "+name+" -->\n"
	before, rest, found := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("has no part for %s, from %q to %q", name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + "\n" + strings.TrimSpace(text) + "\n\n" + end + after, nil
}

func TestBetween(t *testing.T) {
	page := "by hand\n<!-- measured: a -->\nold\n<!-- end: a -->\nmore by hand\n"
	got, err := between(page, "a", "new\n")
	if want := "by hand\n<!-- measured: a -->\n\nnew\n\n<!-- end: a -->\nmore by hand\n"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if again, err := between(got, "a", "new\n"); err != nil || again != got {
		t.Errorf("once more: %q, %v", again, err)
	}
	if _, err := between(page, "b", "new\n"); err == nil {
		t.Error("a part that is not there was written")
	}
}
