package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/unified"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/wholefile"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/spf13/cobra"
)

func (a *app) format() *cobra.Command {
	var check, diff bool
	c := &cobra.Command{
		Use:   "fmt [PATH]...",
		Short: "Bring config files into the canonical layout",
		Long: "Rewrites the *.hcl files of the given directories, and the given files, in the\n" +
			"canonical layout, and lists those that it changed. Files in JSON are left alone.\n\n" +
			"With --diff nothing is written, and the changes are shown as diff -u shows them.\n" +
			"With --check nothing is written either, and the exit code is 1 if a file would be.",
		Example: "  lvsctl fmt\n  lvsctl fmt --check examples/dr\n  lvsctl fmt --check --diff",
		RunE: func(_ *cobra.Command, paths []string) error {
			files, diags := schema.Files(paths)
			if diags.HasErrors() {
				a.printer(a.err).Diagnostics(nil, diags)
				return &exit{code: exitError}
			}
			var changed []layout
			var failed error
			for _, file := range files {
				l, err := a.layOut(file)
				if err == nil && l.changed() {
					changed = append(changed, l)
				}
				failed = errors.Join(failed, err)
			}
			if !check && !diff {
				changed, failed = rewriteAll(changed, failed)
			}
			if err := errors.Join(failed, a.showLayouts(changed, diff)); err != nil {
				return err
			}
			if check && len(changed) > 0 {
				return &exit{code: exitError}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().BoolVar(&check, "check", false, "write nothing, exit 1 if a file would change")
	c.Flags().BoolVar(&diff, "diff", false, "write nothing, show what would change")
	return c
}

// A layout is the text of a file as it is and as it should be.
type layout struct {
	file      string
	text, out []byte
}

func (l *layout) changed() bool { return !bytes.Equal(l.text, l.out) }

// diff is the difference as diff -u shows it.
func (l *layout) diff() string {
	name := strings.TrimPrefix(l.file, "/")
	return unified.Diff("a/"+name, "b/"+name, string(l.text), string(l.out))
}

// layOut computes the layout of one file.
func (a *app) layOut(file string) (layout, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return layout{}, err
	}
	out, diags := schema.Format(text, file)
	if diags.HasErrors() {
		a.printer(a.err).Diagnostics(map[string]*hcl.File{file: {Bytes: text}}, diags)
		return layout{}, &exit{code: exitError}
	}
	return layout{file, text, out}, nil
}

// rewriteAll writes layouts, and returns those that it could write.
func rewriteAll(layouts []layout, failed error) ([]layout, error) {
	var written []layout
	for _, l := range layouts {
		if err := rewrite(l.file, l.out); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		written = append(written, l)
	}
	return written, failed
}

// showLayouts prints which files change, or what changes in them.
func (a *app) showLayouts(layouts []layout, diff bool) error {
	if a.json {
		return view.WriteJSON(a.out, layoutsJSON(layouts, diff))
	}
	p := a.printer(a.out)
	for _, l := range layouts {
		if diff {
			p.Diff(l.diff())
		} else {
			p.Printf("%s\n", l.file)
		}
	}
	return p.Err()
}

// layoutsJSON is what the files are that change, and where asked for the differences by
// file.
func layoutsJSON(layouts []layout, diff bool) map[string]any {
	changed, diffs := []string{}, map[string]string{}
	for _, l := range layouts {
		changed = append(changed, l.file)
		diffs[l.file] = l.diff()
	}
	doc := map[string]any{"changed": changed}
	if diff {
		doc["diffs"] = diffs
	}
	return doc
}

// rewrite replaces a file's content at once and keeps its mode. A symbolic link stays
// one: the file it leads to is replaced.
func rewrite(file string, content []byte) error {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	return wholefile.Write(target, content, info.Mode().Perm())
}
