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
)

// Load reads the *.hcl and *.hcl.json files of the given directories and the given
// files, together as one config. No path, or an empty one, is the current directory.
// Hidden files and subdirectories are not read.
//
// The config is nil when a diagnostic is an error. The sources never are, so that
// diagnostics can be shown with the lines they are about.
func Load(paths []string, inputs []Input) (*Config, *Sources, hcl.Diagnostics) {
	names, diags := expand(paths)
	files, readDiags := readAll(names)
	if diags = append(diags, readDiags...); diags.HasErrors() {
		return nil, &Sources{}, diags
	}
	return parse(files, inputs, readBounded)
}

// Parse is [Load] of files that are in memory already, from name to text. Neither
// functions nor inputs can read other files.
func Parse(files map[string][]byte, inputs []Input) (*Config, *Sources, hcl.Diagnostics) {
	return parse(files, inputs, readNothing)
}

// parse makes a config of files. Read is how other files are read that these name.
func parse(files map[string][]byte, inputs []Input, read func(string) ([]byte, error)) (*Config, *Sources, hcl.Diagnostics) {
	l := &loader{library: newLibrary(read), misread: map[string]bool{}, bodies: map[hcl.Range]*hcl.BodyContent{}}
	l.sources = &Sources{config: make(map[string]*hcl.File, len(files)), given: map[string]*given{}, read: l.library.files, variables: map[string]bool{}}
	bodies, diags := l.parseAll(files)
	readable := l.readInputs(inputs)
	l.hideBroken(bodies, diags)
	// What follows a syntax error is guesswork, so nothing else is checked.
	if !readable || diags.HasErrors() {
		l.add(diags...)
		return nil, l.sources, l.finish()
	}
	config := l.load(bodies)
	l.sources.forget()
	return config, l.sources, l.finish()
}

// parseAll parses the files of the config at the same time. The bodies are in the order
// of the names.
func (l *loader) parseAll(files map[string][]byte) ([]hcl.Body, hcl.Diagnostics) {
	names := slices.Sorted(maps.Keys(files))
	parsed := make([]*hcl.File, len(names))
	found := make([]hcl.Diagnostics, len(names))
	parallel(len(names), func(i int) { parsed[i], found[i] = parseFile(files[names[i]], names[i]) })
	bodies := make([]hcl.Body, len(names))
	for i, name := range names {
		l.sources.config[name] = parsed[i]
		bodies[i] = parsed[i].Body
	}
	return bodies, slices.Concat(found...)
}

// parseFile parses one file.
func parseFile(src []byte, name string) (*hcl.File, hcl.Diagnostics) {
	if isJSON(name) {
		return parseJSON(src, name)
	}
	if d := tooDeep(src, name); d != nil {
		return &hcl.File{Body: hcl.EmptyBody(), Bytes: src}, hcl.Diagnostics{d}
	}
	file, diags := parseText(src, name)
	return file, withoutEchoes(diags)
}

// withoutEchoes leaves out what the parser says of a file after a string that is not
// closed: from there on it takes text for strings and strings for text.
func withoutEchoes(diags hcl.Diagnostics) hcl.Diagnostics {
	slices.SortStableFunc(diags, byPlace)
	for i, d := range diags {
		if d.Summary == "Invalid multi-line string" {
			d.Detail = "The line ends within a string. Close it with a quote; a line break in a string is written \\n."
			return diags[:i+1]
		}
	}
	return diags
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
			Detail:   fmt.Sprintf("The directory %q has no file whose name ends in .hcl or .hcl.json. Name the directory that has them, or the files themselves.", path),
		}
	}
	return names, nil
}

// isConfigFile picks what is read of a directory.
func isConfigFile(e fs.DirEntry) bool {
	name := e.Name()
	return !e.IsDir() && !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json"))
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

// unreadable says that a path cannot be read.
func unreadable(path string, err error) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Cannot read configuration",
		Detail:   fmt.Sprintf("Reading %q failed: %s.", path, withoutPath(err)),
	}
}

// withoutPath is why a path cannot be read, in the words of the system.
func withoutPath(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
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
