package provider

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/moby/sys/mountinfo"
)

// maxUsers is how many users of a mount an error names.
const maxUsers = 5

// busyError says who uses what is mounted at target. It looks at names alone, and at no
// file: a server may not answer.
func busyError(target string) error {
	users, err := mountUsers(target)
	if err != nil {
		return fmt.Errorf("it is in use, and who uses it cannot be found: %w", err)
	}
	inside, err := mountinfo.GetMounts(func(i *mountinfo.Info) (skip, stop bool) {
		return i.Mountpoint == target || !within(i.Mountpoint, target), false
	})
	if err != nil {
		return fmt.Errorf("it is in use, and who uses it cannot be found: %w", err)
	}
	for _, i := range inside {
		users = append(users, i.Mountpoint+" is mounted in it")
	}
	if len(users) == 0 {
		return errors.New("it is in use, though by no process that can be seen: an export, a swap file or a loop device may be in it")
	}
	text := strings.Join(users[:min(len(users), maxUsers)], ", ")
	if more := len(users) - maxUsers; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return errors.New("it is in use: " + text)
}

// within tells whether a path is dir or below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// mountUsers describes the processes of this mount namespace that use something below
// target, in the order of their numbers and each once.
func mountUsers(target string) ([]string, error) {
	own, err := os.Readlink("/proc/thread-self/ns/mnt")
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	var users []string
	for _, pid := range pids {
		dir := filepath.Join("/proc", strconv.Itoa(pid))
		if ns, err := os.Readlink(filepath.Join(dir, "ns/mnt")); err != nil || ns != own {
			continue // it may have ended, and those elsewhere hold nothing here
		}
		if what := usedBy(dir, target); what != "" {
			comm, _ := os.ReadFile(filepath.Join(dir, "comm"))
			users = append(users, fmt.Sprintf("%s (pid %d) %s", strings.TrimSpace(string(comm)), pid, what))
		}
	}
	return users, nil
}

// usedBy says what a process has to do with files below target, nothing for none.
func usedBy(dir, target string) string {
	fds, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		fds = nil // it has ended
	}
	for _, fd := range fds {
		if path := linkWithin(filepath.Join(dir, "fd", fd.Name()), target); path != "" {
			return "has " + path + " open"
		}
	}
	for _, link := range []struct{ name, words string }{{"cwd", "is in "}, {"root", "has its root in "}, {"exe", "runs "}} {
		if path := linkWithin(filepath.Join(dir, link.name), target); path != "" {
			return link.words + path
		}
	}
	return mappedBy(filepath.Join(dir, "maps"), target)
}

// linkWithin is where a link in /proc leads, if that is below target.
func linkWithin(link, target string) string {
	path, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	if path = strings.TrimSuffix(path, " (deleted)"); within(path, target) {
		return path
	}
	return ""
}

// mappedBy looks for a file in memory.
func mappedBy(file, target string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if i := strings.IndexByte(line, '/'); i >= 0 {
			path := strings.TrimSuffix(strings.TrimRight(line[i:], "\n"), " (deleted)")
			if path = resource.UnescapeOctal(path); within(path, target) {
				return "has " + path + " in memory"
			}
		}
	}
	return ""
}
