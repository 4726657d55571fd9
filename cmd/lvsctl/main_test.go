package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary act as lvsctl when it is called so: scripts and the
// agents they start run the code under test.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lvsctl": lvsctl})
}

// Whole sessions that need no host. Each script in testdata/script is one.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setup,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
	})
}

// setup gives scripts the examples, and in VALID the configs that loading is tested with.
func setup(env *testscript.Env) error {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		return err
	}
	valid, err := filepath.Abs("../../testdata/valid")
	if err != nil {
		return err
	}
	env.Setenv("VALID", valid)
	return os.Symlink(examples, filepath.Join(env.WorkDir, "examples"))
}
