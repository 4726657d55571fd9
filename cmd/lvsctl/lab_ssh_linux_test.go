package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands of lab scripts for hosts that ssh reaches:
//
//	sshd HOST ADDRESS [USER]     starts an SSH server there, which lets USER in with the key
//	                             of ssh-client. USER may use sudo; admin, who is the user
//	                             where none is named, need not.
//	ssh-client HOST              has a key, and the keys of all servers, those that come
//	                             later too
//	fleet                        adds hosts n01, n02 and so on at 10.9.0.1, 10.9.0.2 and so on,
//	                             with SSH servers: a dozen, or as many as FLEET says. $FLEET is
//	                             how many.

//go:embed testdata/lab/sshd.sh
var sshdScript string

//go:embed testdata/lab/ssh-client.sh
var sshClientScript string

func (l *lab) sshd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) >= 2 && len(args) <= 3, "sshd HOST ADDRESS [USER]")
	user := "admin"
	if len(args) == 3 {
		user = args[2]
	}
	l.script(ts, args[0], sshdScript, args[1], user)
}

func (l *lab) sshClient(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 1, "ssh-client HOST")
	l.script(ts, args[0], sshClientScript)
}

func (l *lab) fleet(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 0, "fleet")
	n := 12
	if text := os.Getenv("FLEET"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		ts.Check(err)
	}
	ts.Setenv("FLEET", strconv.Itoa(n))
	for i := 1; i <= n; i++ {
		name, addr := fmt.Sprintf("n%02d", i), fmt.Sprintf("10.9.0.%d", i)
		l.host(ts, false, []string{name, "eth0=lan:" + addr + "/16"})
		l.sshd(ts, false, []string{name, addr})
	}
}

// script runs a shell script on a host, with the directory of what SSH needs as its first
// argument.
func (l *lab) script(ts *testscript.TestScript, host, text string, args ...string) {
	argv := slices.Concat(l.at(ts, host).Enter(), []string{"sh", "-euc", text, "sh", filepath.Join(ts.Getenv("WORK"), "ssh")}, args)
	ts.Check(ts.Exec(argv[0], argv[1:]...))
}
