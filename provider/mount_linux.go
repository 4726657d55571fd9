package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// mountDriver mounts file systems with mount(8), and unmounts them with umount(8).
//
// The kernel shows of a mount much that nobody asked for: sizes and times that it agreed
// on with the server, addresses, defaults. Compared with what was asked for, every mount
// would differ. So what was asked for is written down, with what the kernel showed right
// after that. As long as it shows the same, the mount is what was asked for. The note is
// in /run, which does not outlive the boot either.
type mountDriver struct{}

// mountTimeout is how long a mount or unmount may take. A server that is there answers
// within a second.
const mountTimeout = 30 * time.Second

// forceTimeout is how long it may take to unmount what is in use. It is gone at once, but
// umount(8) may wait for the server to take note.
const forceTimeout = 5 * time.Second

var (
	mountTool  = tool{"mount", "mount", mountTimeout}
	umountTool = tool{"umount", "mount", mountTimeout}
)

// A mountNote is what was asked for when a mount was made, and what came of it.
type mountNote struct {
	Mount resource.Mount `json:"mount"`
	ID    int            `json:"id"`    // of the mount, to the kernel
	Shown resource.Mount `json:"shown"` // what the kernel showed then
}

// mountNotePath is the file of the note about a mount point.
func mountNotePath(target string) string {
	return filepath.Join(runDirectory, "mounts", url.PathEscape(target))
}

func readMountNote(target string) (*mountNote, error) {
	text, err := os.ReadFile(mountNotePath(target))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, takes(err, unix.CAP_DAC_READ_SEARCH)
	}
	n := &mountNote{}
	if err := json.Unmarshal(text, n); err != nil {
		return nil, fmt.Errorf("%s: %w", mountNotePath(target), err)
	}
	return n, nil
}

func (mountDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		live, err := readMount(k.Name)
		if err != nil {
			return fmt.Errorf("read mount: %w", err)
		}
		if live != nil {
			snap.Live.Add(*live)
		}
	}
	return nil
}

// readMount is what is mounted at target, nil for nothing.
func readMount(target string) (*resource.Mount, error) {
	info, err := topMount(target)
	if err != nil || info == nil {
		return nil, err
	}
	note, err := readMountNote(target)
	if err != nil {
		return nil, err
	}
	m := note.explain(info)
	return &m, nil
}

// explain is a mount in the words in which it was asked for, as far as it is still that.
func (n *mountNote) explain(info *mountinfo.Info) resource.Mount {
	live := shownMount(info)
	if n == nil || n.ID != info.ID || n.Shown.Source != live.Source || n.Shown.Type != live.Type {
		return live
	}
	if flagged, ok := n.Mount.Flagged(n.Shown.Options, live.Options); ok {
		return flagged
	}
	live.Force = n.Mount.Force
	return live
}

// topMount is the mount that one gets to at target, nil if nothing is mounted there. It
// asks no file system, which may be one whose server does not answer.
func topMount(target string) (*mountinfo.Info, error) {
	mounts, err := mountinfo.GetMounts(func(i *mountinfo.Info) (skip, stop bool) { return i.Mountpoint != target, false })
	if err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	for _, m := range mounts {
		if !slices.ContainsFunc(mounts, func(above *mountinfo.Info) bool { return above.Parent == m.ID && above != m }) {
			return m, nil
		}
	}
	return nil, nil
}

// shownMount is a mount with all that the kernel shows of it.
func shownMount(info *mountinfo.Info) resource.Mount {
	m := resource.Mount{Target: info.Mountpoint, Source: info.Source, Type: info.FSType, Options: shownOptions(info.Options, info.VFSOptions)}
	if m.Type == "nfs4" {
		m.Type = "nfs"
	}
	if m.Type != "nfs" && info.Root != "/" {
		m.Source += "[" + info.Root + "]" // as findmnt(8) has it
	}
	return m
}

// shownOptions are the flags of a mount and the options of its file system. What either
// of them says cannot be written to cannot.
func shownOptions(flags, options string) string {
	var words []string
	for word := range strings.SplitSeq(flags+","+options, ",") {
		if word != "" && word != "rw" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if !slices.Contains(words, "ro") {
		words = append([]string{"rw"}, words...)
	}
	return strings.Join(words, ",")
}

func (mountDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		before, had := c.Before.(resource.Mount)
		after, wanted := c.After.(resource.Mount)
		switch {
		case had && wanted && before.InPlace(after):
			return remount(before, after)
		case had && wanted:
			return replaceMount(before, after)
		case wanted:
			return mount(after)
		case had:
			return unmount(before)
		}
		return errUnsupported(c)
	})
}

// mount mounts m and writes down that it was asked for. What is mounted already, as after
// a run that was cut off, is left as it is.
func mount(m resource.Mount) error {
	live, err := readMount(m.Target)
	if err != nil || live != nil && *live == m {
		return err
	}
	if err := checkMountPoint(m.Target); err != nil {
		return fmt.Errorf("mount %s: %w", m.Source, err)
	}
	before, err := topMount(m.Target)
	if err != nil {
		return err
	}
	if err := canNote(m.Target); err != nil {
		return fmt.Errorf("mount %s on %s: %w", m.Source, m.Target, err)
	}
	if err := runMount(m, ""); err != nil {
		return errors.Join(fmt.Errorf("mount %s on %s: %w", m.Source, m.Target, err), dropNewMount(m.Target, before))
	}
	return noteMount(m)
}

// checkMountPoint tells what is wrong with where a mount goes.
func checkMountPoint(target string) error {
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the mount point %s does not exist", target)
	case err != nil:
		return fmt.Errorf("look at the mount point: %w", err)
	case !info.IsDir():
		return fmt.Errorf("the mount point %s is not a directory", target)
	}
	return nil
}

// runMount calls mount(8). It is given up after a while, if the server does not answer.
func runMount(m resource.Mount, how string) error {
	var options []string
	for _, o := range []string{how, m.Options} {
		if o != "" {
			options = append(options, strings.Split(o, ",")...)
		}
	}
	// What the kernel says about an earlier mount, and takes from nobody.
	options = slices.DeleteFunc(options, func(o string) bool {
		return strings.HasPrefix(o, "addr=") || strings.HasPrefix(o, "clientaddr=") || strings.HasPrefix(o, "mountaddr=")
	})
	if m.Type == "nfs" && how == "" && !slices.ContainsFunc(options, func(o string) bool { return strings.HasPrefix(o, "retry=") }) {
		options = append(options, "retry=0")
	}
	args := []string{"-t", m.Type}
	if len(options) > 0 {
		args = append(args, "-o", strings.Join(options, ","))
	}
	text, err := mountTool.run(append(args, "--", m.Source, m.Target)...)
	switch {
	case errors.Is(err, errToolTimeout):
		return fmt.Errorf("no answer within %s", mountTimeout)
	case err != nil && text != "":
		return errors.New(strings.TrimPrefix(text, "mount.nfs: "))
	}
	return err
}

// dropNewMount takes away what a mount that failed may have left.
func dropNewMount(target string, before *mountinfo.Info) error {
	now, err := topMount(target)
	if err != nil || now == nil || before != nil && now.ID == before.ID {
		return err
	}
	_, err = umountTool.run("-l", "-c", "--", target)
	return err
}

// canNote makes sure, before anything is mounted, that it can be written down what was
// asked for: a mount of which nothing is known would be somebody else's.
func canNote(target string) error {
	path := mountNotePath(target)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+halfWritten, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(path + halfWritten)
}

// noteMount writes down that what is mounted now is what was asked for.
func noteMount(m resource.Mount) error {
	info, err := topMount(m.Target)
	if err != nil {
		return err
	}
	if info == nil {
		return fmt.Errorf("mount %s on %s: mount(8) did so, but nothing is mounted there", m.Source, m.Target)
	}
	return writeRunFile(mountNotePath(m.Target), mountNote{m, info.ID, shownMount(info)})
}

// remount changes flags of a mount while it is used.
func remount(before, after resource.Mount) error {
	before.Force = after.Force
	if before != after {
		if err := expectMount(before); err != nil {
			return err
		}
		if err := canNote(after.Target); err != nil {
			return fmt.Errorf("remount %s: %w", after.Target, err)
		}
		if err := runMount(after, "remount"); err != nil {
			return fmt.Errorf("remount %s: %w", after.Target, err)
		}
	}
	return noteMount(after)
}

// replaceMount puts a mount in the place of another one. If that fails, the other one is
// put back, so that what works goes on working.
func replaceMount(before, after resource.Mount) error {
	before.Force = before.Force || after.Force
	if err := unmount(before); err != nil {
		return err
	}
	err := mount(after)
	if err == nil {
		return nil
	}
	if back := mount(before); back != nil {
		return errors.Join(err, fmt.Errorf("nothing is mounted on %s now: what was there cannot be put back: %w", before.Target, back))
	}
	return fmt.Errorf("%w; %s is mounted there again", err, before.Source)
}

// expectMount makes sure that what is mounted is what the change is about.
func expectMount(m resource.Mount) error {
	live, err := readMount(m.Target)
	switch {
	case err != nil:
		return err
	case live == nil:
		return fmt.Errorf("nothing is mounted on %s", m.Target)
	case live.Source != m.Source || live.Type != m.Type:
		return fmt.Errorf("something else is mounted on %s: %s type %s", m.Target, live.Source, live.Type)
	}
	return nil
}

// unmount unmounts m. Without Force nobody loses what they have open: if there is
// somebody, the error says who.
func unmount(m resource.Mount) error {
	info, err := topMount(m.Target)
	if err != nil {
		return err
	}
	if info != nil {
		if err := expectMount(m); err != nil {
			return err
		}
		if err := runUnmount(m, info.ID); err != nil {
			return fmt.Errorf("unmount %s: %w", m.Target, err)
		}
	}
	if err := os.Remove(mountNotePath(m.Target)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// runUnmount calls umount(8), which is not to follow the path: a server that does not
// answer would hold it up. Such a one also holds up the end of what is unmounted already,
// which is no failure then.
func runUnmount(m resource.Mount, id int) error {
	umount, args := umountTool, []string{"-c", "--", m.Target}
	if m.Force {
		umount.timeout = forceTimeout
		args = append([]string{"-i", "-l"}, args...) // -i: without a helper, which would ask the server
	}
	text, err := umount.run(args...)
	if err == nil {
		return nil
	}
	if now, gone := topMount(m.Target); gone == nil && (now == nil || now.ID != id) {
		return nil
	}
	switch {
	case errors.Is(err, errToolTimeout):
		return fmt.Errorf("it did not end within %s: its server may be away", umount.timeout)
	case strings.Contains(text, "busy"):
		return busyError(m.Target)
	}
	return err
}
