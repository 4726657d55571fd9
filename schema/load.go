package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Load reads the *.hcl files of the given directories and the given files, together
// as one config. No path, or an empty one, is the current directory. Hidden files and
// subdirectories are not read.
//
// The config is nil when a diagnostic is an error. The sources never are, so that
// diagnostics can be shown with the lines they are about.
func Load(paths []string, vars []Variable) (*Config, *Sources, hcl.Diagnostics) {
	names, diags := expand(paths)
	files, readDiags := readAll(names)
	if diags = append(diags, readDiags...); diags.HasErrors() {
		return nil, &Sources{}, diags
	}
	return Parse(files, vars)
}

// Parse is [Load] of files that are in memory already, from name to text.
func Parse(files map[string][]byte, vars []Variable) (*Config, *Sources, hcl.Diagnostics) {
	sources := &Sources{files: make(map[string]*hcl.File, len(files)), vars: make(map[string]string, len(vars))}
	for _, v := range vars {
		sources.vars[v.Name] = v.Value
	}
	names := slices.Sorted(maps.Keys(files))
	parsed := make([]*hcl.File, len(names))
	found := make([]hcl.Diagnostics, len(names))
	parallel(len(names), func(i int) {
		src := files[names[i]]
		if d := tooDeep(src, names[i]); d != nil {
			parsed[i], found[i] = &hcl.File{Bytes: src}, hcl.Diagnostics{d}
			return
		}
		parsed[i], found[i] = hclsyntax.ParseConfig(src, names[i], hcl.InitialPos)
	})
	bodies := make([]hcl.Body, len(names))
	for i, name := range names {
		sources.files[name] = parsed[i]
		bodies[i] = parsed[i].Body
	}
	// What follows a syntax error is guesswork, so nothing else is checked.
	if diags := slices.Concat(found...); diags.HasErrors() {
		return nil, sources, withoutEchoes(diags)
	}
	l := &loader{given: sources.vars, misread: map[string]bool{}}
	config := l.load(bodies)
	return config, sources, l.finish()
}

// withoutEchoes leaves out what the parser says of a file after a string that is not
// closed: from there on it takes text for strings and strings for text.
func withoutEchoes(diags hcl.Diagnostics) hcl.Diagnostics {
	slices.SortStableFunc(diags, byPlace)
	lost := map[string]bool{}
	return slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool {
		file := d.Subject.Filename
		echo := lost[file]
		if d.Summary == "Invalid multi-line string" && !echo {
			d.Detail = "The line ends within a string. Close it with a quote; a line break in a string is written \\n."
			lost[file] = true
		}
		return echo
	})
}

// expand lists the files that the paths stand for, each once.
func expand(paths []string) ([]string, hcl.Diagnostics) {
	if len(paths) == 0 {
		paths = []string{""}
	}
	var diags hcl.Diagnostics
	var names []string
	for _, path := range paths {
		found, diag := expandOne(filepath.Clean(path))
		if diag != nil {
			diags = append(diags, diag)
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	return slices.Compact(names), diags
}

// expandOne lists the files that one path stands for: itself, or those in it.
func expandOne(path string) ([]string, *hcl.Diagnostic) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	var names []string
	for _, e := range entries {
		if isConfigFile(e) {
			names = append(names, filepath.Join(path, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "No configuration files",
			Detail:   fmt.Sprintf("The directory %q has no file whose name ends in .hcl. Name the directory that has them, or the files themselves.", path),
		}
	}
	return names, nil
}

// isConfigFile picks what is read of a directory.
func isConfigFile(e fs.DirEntry) bool {
	return !e.IsDir() && filepath.Ext(e.Name()) == ".hcl" && !strings.HasPrefix(e.Name(), ".")
}

// readAll reads files at the same time.
func readAll(names []string) (map[string][]byte, hcl.Diagnostics) {
	texts := make([][]byte, len(names))
	errs := make([]error, len(names))
	parallel(len(names), func(i int) { texts[i], errs[i] = os.ReadFile(names[i]) })

	var diags hcl.Diagnostics
	files := make(map[string][]byte, len(names))
	for i, name := range names {
		files[name] = texts[i]
		if errs[i] != nil {
			diags = append(diags, unreadable(name, errs[i]))
		}
	}
	return files, diags
}

// unreadable says that a path cannot be read, in the words of the system.
func unreadable(path string, err error) *hcl.Diagnostic {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Cannot read configuration",
		Detail:   fmt.Sprintf("Reading %q failed: %s.", path, err),
	}
}

// parallel calls do with 0 to n-1, as many at a time as there are processors.
func parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	wg.Wait()
}
