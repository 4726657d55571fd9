package command

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/spf13/cobra"
)

func (a *app) format() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "fmt [PATH]...",
		Short: "Bring config files into the canonical layout",
		Long: "Rewrites the *.hcl files of the given directories, and the given files, in the\n" +
			"canonical layout, and lists those that it changed. With --check nothing is written,\n" +
			"and the exit code is 1 if a file would be.",
		Example: "  lvsctl fmt\n  lvsctl fmt --check examples/dr",
		RunE: func(_ *cobra.Command, paths []string) error {
			files, diags := schema.Files(paths)
			if diags.HasErrors() {
				a.printer(a.err).Diagnostics(nil, diags)
				return &exit{code: exitError}
			}
			changed := []string{}
			var failed error
			for _, file := range files {
				did, err := a.formatFile(file, check)
				if did {
					changed = append(changed, file)
				}
				failed = errors.Join(failed, err)
			}
			if err := errors.Join(failed, a.listFiles(changed)); err != nil {
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
	return c
}

// listFiles prints which files change.
func (a *app) listFiles(files []string) error {
	if a.json {
		return view.WriteJSON(a.out, map[string][]string{"changed": files})
	}
	p := a.printer(a.out)
	for _, file := range files {
		p.Printf("%s\n", file)
	}
	return p.Err()
}

// formatFile lays out one file and tells whether that changes it.
func (a *app) formatFile(file string, check bool) (bool, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	out, diags := schema.Format(src, file)
	if diags.HasErrors() {
		a.printer(a.err).Diagnostics(map[string]*hcl.File{file: {Bytes: src}}, diags)
		return false, &exit{code: exitError}
	}
	if bytes.Equal(src, out) {
		return false, nil
	}
	if check {
		return true, nil
	}
	return true, rewrite(file, out)
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
	temp, err := os.CreateTemp(filepath.Dir(target), ".lvsctl-fmt-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // after a rename there is nothing to remove
	if err := writeAndClose(temp, content, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), target)
}

func writeAndClose(f *os.File, content []byte, mode fs.FileMode) error {
	_, err := f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
