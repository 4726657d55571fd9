package schema

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// A function does not learn where it is called. A path in a call is relative to the
// directory of the file that the call stands in all the same: whoever reads the file
// knows that directory, while the one that lvsctl is started in changes. So there is a
// set of functions for each directory, and a scope has a context for each of them.

// A library has the functions that configs can call, and the files that these read.
type library struct {
	read  func(path string) ([]byte, error)
	files map[string]*textFile                    // what was read, by path
	byDir map[string]map[string]function.Function // what can be called, by directory
}

// A textFile is a file that a function read, or tried to.
type textFile struct {
	text []byte
	err  error // of type [fs.ErrNotExist] where there is none
}

func newLibrary(read func(path string) ([]byte, error)) *library {
	return &library{read: read, files: map[string]*textFile{}, byDir: map[string]map[string]function.Function{}}
}

// functions are those that can be called in the files of a directory.
func (lib *library) functions(dir string) map[string]function.Function {
	if known := lib.byDir[dir]; known != nil {
		return known
	}
	all := maps.Clone(functions)
	all["file"] = lib.fileFunc(dir)
	all["fileexists"] = lib.fileExistsFunc(dir)
	all["templatefile"] = lib.templateFileFunc(dir)
	lib.byDir[dir] = all
	return all
}

var pathParam = function.Parameter{Name: "path", Type: cty.String}

// fileFunc is the text of a file.
func (lib *library) fileFunc(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{pathParam},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			_, text, err := lib.text(dir, args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.StringVal(text), nil
		},
	})
}

// fileExistsFunc tells whether there is a file.
func (lib *library) fileExistsFunc(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{pathParam},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path, file := lib.open(dir, args[0].AsString())
			switch {
			case file.err == nil:
				return cty.True, nil
			case errors.Is(file.err, fs.ErrNotExist):
				return cty.False, nil
			}
			return cty.NilVal, function.NewArgError(0, cannotRead(path, file.err))
		},
	})
}

// text is the text of a file that a call in a directory names, and its path.
func (lib *library) text(dir, name string) (path, text string, err error) {
	path, file := lib.open(dir, name)
	switch {
	case errors.Is(file.err, fs.ErrNotExist):
		err = fmt.Errorf("there is no file %q%s", path, relativeTo(dir, name))
	case file.err != nil:
		err = cannotRead(path, file.err)
	case !utf8.Valid(file.text):
		err = fmt.Errorf("the file %q is not text in UTF-8", path)
	}
	return path, string(file.text), err
}

// open reads a file once, so that all calls see the same.
func (lib *library) open(dir, name string) (path string, file *textFile) {
	path = filepath.Clean(name)
	if !filepath.IsAbs(name) {
		path = filepath.Join(dir, name)
	}
	if lib.files[path] == nil {
		text, err := lib.read(path)
		lib.files[path] = &textFile{text, err}
	}
	return path, lib.files[path]
}

// relativeTo explains a relative path that leads nowhere.
func relativeTo(dir, name string) string {
	switch {
	case strings.HasPrefix(name, "~"):
		return ", and ~ is not the home directory here"
	case filepath.IsAbs(name):
		return ""
	case dir == ".":
		return ", seen from the current directory, which is that of the file with the call"
	}
	return fmt.Sprintf(", seen from %q, the directory of the file with the call", dir)
}

// cannotRead says that a file cannot be read.
func cannotRead(path string, err error) error {
	return fmt.Errorf("reading %q failed: %w", path, withoutPath(err))
}

// maxFile bounds what is read of a file that a config names. Lists of tens of thousands
// of servers are a tenth of it.
const maxFile = 16 << 20

// readBounded reads a file that is not too large to be meant.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	}
	return text, nil
}

// readNothing is for configs in memory, which have no directory.
func readNothing(string) ([]byte, error) {
	return nil, errors.New("the configuration was not read from files")
}
