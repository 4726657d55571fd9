package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // for the script
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Another machine is reached by a program that runs a command there: ssh. The command is
// for the shell of whoever logs in, be that sh, csh or fish, and always the same: what it
// has to know comes through the pipe. It becomes root, if need be with sudo, and then
// either starts the lvsctl that is installed there, or reads and runs a script that looks
// for this one and asks for it where it is not there.

// A Shell is a program that runs a command on another machine.
type Shell struct {
	Argv    []string      // to which the command is appended as one word
	Silence time.Duration // for which nothing may be heard of the other machine
	Agent   string        // the lvsctl that is installed there, a path; empty: [Program] is
	Program Program
}

// The commands. Neither has anything in it that a shell would read differently.
const (
	runInstalled = `exec sh -c 'IFS= read -r a; test "$(id -u)" = 0 || exec sudo -n -- "$a" agent; exec "$a" agent'`
	runScript    = `exec sh -c 'test "$(id -u)" = 0 || exec sudo -n -- sh -c "$0"; exec sh -c "$0"'` +
		` 's=$(while IFS= read -r l; do test "$l" = . && break; printf "%s\n" "$l"; done); eval "$s"'`
)

//go:embed install.sh
var installScript string

// Dial starts an agent on the other machine and greets it, as [Dial] does.
func (s Shell) Dial(ctx context.Context) (Host, error) {
	if s.Agent != "" {
		return dial(ctx, append(s.Argv[:len(s.Argv):len(s.Argv)], runInstalled), s.Silence, func(r *remote) error {
			if _, err := fmt.Fprintln(r, s.Agent); err != nil {
				return err
			}
			return r.greetFar()
		})
	}
	return dial(ctx, append(s.Argv[:len(s.Argv):len(s.Argv)], runScript), s.Silence, func(r *remote) error {
		return r.install(s.Program)
	})
}

// install has the script start an agent, and sends the program if that is asked for.
func (r *remote) install(p Program) error {
	hash, size, err := p.digest()
	if err != nil {
		return err
	}
	// What cannot be sent, because the other end is gone, is found out on reading what it said.
	_, _ = fmt.Fprintf(r, "%s.\n%s %d %s %s\n", installScript, hash, size, p.system(), p.Version)
	word, err := r.word()
	if err == nil && word == "send" {
		_ = p.send(r)
		word, err = r.word()
	}
	switch {
	case err != nil:
		return err
	case word != "run":
		return errors.New(visible(strings.TrimPrefix(word, "refused ")))
	}
	return r.greetFar()
}

// Bounds of what else a shell may say before the script is heard of, such as a greeting of
// its own.
const (
	maxNoise     = 100 // lines
	maxNoiseLine = 16 << 10
)

// word is the next thing that the script says.
func (r *remote) word() (string, error) {
	for range maxNoise {
		line, err := r.line(maxNoiseLine)
		if err != nil {
			return "", err
		}
		if word, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("lvsctl: ")); ok {
			return string(word), nil
		}
	}
	return "", errors.New("it says something else")
}

// A Program is the lvsctl that is to run on other machines.
type Program struct {
	Path    string
	Version string
	// digest is the SHA-256 of its file in hex, and its size in bytes.
	digest func() (hash string, size int64, err error)
}

// NewProgram is a program that is a file, read when it is needed.
func NewProgram(path, version string) Program {
	p := Program{Path: path, Version: version}
	type digest struct {
		hash string
		size int64
	}
	once := sync.OnceValues(func() (digest, error) {
		f, err := os.Open(path)
		if err != nil {
			return digest{}, err
		}
		defer f.Close()
		sum := sha256.New()
		size, err := io.Copy(sum, f)
		return digest{hex.EncodeToString(sum.Sum(nil)), size}, err
	})
	p.digest = func() (string, int64, error) {
		d, err := once()
		return d.hash, d.size, err
	}
	return p
}

// send sends the program's file.
func (p Program) send(to io.Writer) error {
	f, err := os.Open(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(to, f)
	return err
}

// machines are the names that uname -m has for the processors that Go knows.
var machines = map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "ppc64le": "ppc64le", "s390x": "s390x", "riscv64": "riscv64", "loong64": "loongarch64"}

// system is what uname -sm says where the program can run, with an underscore for the space:
// it is one word of a line.
func (p Program) system() string {
	if runtime.GOOS != "linux" {
		return runtime.GOOS + "_" + runtime.GOARCH
	}
	return "Linux_" + machines[runtime.GOARCH]
}
