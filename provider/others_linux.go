package provider

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// others lists programs that keep services in the IPVS of this network namespace.
// proc is where the processes are, links are the namespace's network interfaces.
func others(proc string, links []string) ([]string, error) {
	var found []string
	if slices.Contains(links, "kube-ipvs0") { // has the service addresses of kube-proxy in mode ipvs
		found = append(found, "kube-proxy")
	}
	own, err := os.Readlink(filepath.Join(proc, "self/ns/net"))
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.Trim(e.Name(), "0123456789") != "" {
			continue
		}
		if name := otherIn(filepath.Join(proc, e.Name()), own); name != "" && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found, nil
}

// otherIn names the program of a process if it keeps services in the IPVS of the
// namespace. A process that is gone meanwhile, or whose namespace cannot be seen, is none.
func otherIn(dir, namespace string) string {
	line, err := readKernelFile(dir + "/cmdline")
	if err != nil || len(line) == 0 {
		return ""
	}
	args := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
	program, is := programOf(args)
	if !is {
		return ""
	}
	if ns, err := os.Readlink(filepath.Join(dir, "ns/net")); err != nil || ns != namespace {
		return ""
	}
	if program == "keepalived" && !hasVirtualServers(filepath.Join(dir, "root"), args) {
		return ""
	}
	return program
}

// programOf names the program of a command line, if it can be one that keeps services.
// ldirectord is a script, and stands after its interpreter.
func programOf(args []string) (string, bool) {
	for _, arg := range args[:min(2, len(args))] {
		if name := filepath.Base(arg); name == "keepalived" || name == "ldirectord" {
			return name, true
		}
	}
	return "", false
}

var virtualServer = regexp.MustCompile(`(?m)^[ \t]*virtual_server[ \t]`)

// hasVirtualServers tells whether a keepalived balances: many only move addresses. Where
// its file cannot be read, or includes others, it may.
func hasVirtualServers(root string, args []string) bool {
	file := "/etc/keepalived/keepalived.conf"
	for i, arg := range args {
		switch {
		case (arg == "-f" || arg == "--use-file") && i+1 < len(args):
			file = args[i+1]
		case strings.HasPrefix(arg, "--use-file="):
			file = strings.TrimPrefix(arg, "--use-file=")
		case arg == "-P" || arg == "--vrrp":
			return false
		}
	}
	text, err := os.ReadFile(filepath.Join(root, file))
	return err != nil || virtualServer.Match(text) || bytes.Contains(text, []byte("include"))
}
