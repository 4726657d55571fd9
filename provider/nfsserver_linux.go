package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// Without systemd, lvsctl starts and stops the NFS server by itself, as the units of
// Debian do: the kernel's part, which is a file system and a number of threads, and the
// daemons around it. What it started is written down, so that nothing else is stopped:
// an rpcbind that ran before stays. It is written down before it is started, so that a
// start that was cut off half-way is known, too.
//
// nfsdcld remembers the clients of NFS 4. Without it, a server that starts makes them all
// wait for a minute and a half, since it does not know which of them had files locked.

const (
	nfsdFiles   = "/proc/fs/nfsd"
	rpcbindPath = "/run/rpcbind.sock"
	// runDirectory is for what is true until the machine boots again.
	runDirectory = "/run/lvsctl"
)

// The tools of the NFS server. They take longer than they should where a name cannot be
// resolved.
var (
	rpcbindTool  = tool{"rpcbind", "rpcbind", time.Minute}
	statdTool    = tool{"rpc.statd", "nfs-common", time.Minute}
	mountdTool   = tool{"rpc.mountd", "nfs-kernel-server", time.Minute}
	nfsdTool     = tool{"rpc.nfsd", "nfs-kernel-server", time.Minute}
	nfsdcldTool  = tool{"nfsdcld", "nfs-kernel-server", time.Minute}
	exportfsTool = tool{"exportfs", "nfs-kernel-server", time.Minute}
	nfsconfTool  = tool{"nfsconf", "nfs-common", time.Minute}
	modprobeTool = tool{"modprobe", "kmod", time.Minute}
)

// nfsServerRunning tells whether the NFS server has threads. It changes nothing: the
// kernel's files are looked at in a mount that nobody else sees.
func nfsServerRunning() (bool, error) {
	known, err := knowsFileSystem("nfsd")
	if err != nil || !known {
		return false, err
	}
	text, err := readNFSD("threads")
	if err != nil {
		return false, fmt.Errorf("read threads of the nfs server: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return false, fmt.Errorf("read threads of the nfs server: %w", err)
	}
	return n > 0, nil
}

// knowsFileSystem tells whether the kernel has a file system now, without loading it.
func knowsFileSystem(name string) (bool, error) {
	text, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return false, err
	}
	return slices.Contains(strings.Fields(string(text)), name), nil
}

// readNFSD reads a file of the server of this network namespace, wherever its file system
// is mounted. If it is nowhere, the server has no threads: the kernel ends them with the
// last mount. So the mount that is made here ends none.
func readNFSD(name string) (string, error) {
	context, err := unix.Fsopen("nfsd", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return "", fmt.Errorf("fsopen: %w", err)
	}
	defer func() { _ = unix.Close(context) }()
	if err := unix.FsconfigCreate(context); err != nil {
		return "", fmt.Errorf("fsconfig: %w", err)
	}
	dir, err := unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("fsmount: %w", err)
	}
	defer func() { _ = unix.Close(dir) }()
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	text, err := io.ReadAll(f)
	return string(text), err
}

// startNFSServer has the NFS server running. What runs already is left as it is.
func startNFSServer() error {
	for _, t := range []tool{rpcbindTool, statdTool, mountdTool, nfsdTool, exportfsTool} {
		if _, err := t.path(); err != nil {
			return fmt.Errorf("start nfs server: %w", err)
		}
	}
	n, err := readNote("nfs-server")
	if err != nil {
		return err
	}
	for _, step := range []func(*startNote) error{
		mountNFSD, mountPipes, startRPCBindOnce, startClientTracker, startStatd, exportAll, startMountd, startThreads,
	} {
		if err := step(n); err != nil {
			return fmt.Errorf("start nfs server: %w", err)
		}
	}
	return nil
}

// stopNFSServer stops the NFS server, and what was started for it.
func stopNFSServer() error {
	n, err := readNote("nfs-server")
	if err != nil {
		return err
	}
	running, err := nfsServerRunning()
	if err != nil {
		return err
	}
	if running {
		if _, err := nfsdTool.run("0"); err != nil {
			return fmt.Errorf("stop nfs server: %w", err)
		}
	}
	if running || len(n.Daemons) > 0 {
		for _, args := range [][]string{{"-au"}, {"-f"}} {
			if _, err := exportfsTool.run(args...); err != nil {
				return fmt.Errorf("stop nfs server: %w", err)
			}
		}
	}
	if err := n.undo(); err != nil {
		return fmt.Errorf("stop nfs server: %w", err)
	}
	return nil
}

// rpcbindRunning tells whether something answers where rpcbind does.
func rpcbindRunning() bool {
	c, err := net.Dial("unix", rpcbindPath)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// startRPCBind has rpcbind running.
func startRPCBind() error {
	n, err := readNote("rpcbind")
	if err != nil {
		return err
	}
	return startRPCBindOnce(n)
}

// stopRPCBind stops rpcbind, whoever started it.
func stopRPCBind() error {
	n, err := readNote("rpcbind")
	if err != nil {
		return err
	}
	if rpcbindRunning() {
		n.Daemons = []string{rpcbindTool.name}
	}
	return n.undo()
}

// mountNFSD makes the kernel's files of the server appear.
func mountNFSD(n *startNote) error {
	if _, err := modprobeTool.run("--", "nfsd"); err != nil {
		return err
	}
	return n.mount("nfsd", nfsdFiles)
}

// mountPipes makes the files appear through which the kernel asks nfsdcld.
func mountPipes(n *startNote) error {
	if _, err := nfsdcldTool.path(); err != nil {
		return nil //nolint:nilerr // the server works without, too
	}
	dir := "/var/lib/nfs/rpc_pipefs"
	if text, err := nfsconfTool.run("--get", "general", "pipefs-directory"); err == nil && filepath.IsAbs(text) {
		dir = filepath.Clean(text)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return n.mount("rpc_pipefs", dir)
}

func startRPCBindOnce(n *startNote) error {
	if rpcbindRunning() {
		return nil
	}
	return n.start(rpcbindTool, "-w")
}

func startClientTracker(n *startNote) error {
	if _, err := nfsdcldTool.path(); err != nil {
		return nil //nolint:nilerr // the server works without, too
	}
	if err := n.startOnce(nfsdcldTool); err != nil {
		return err
	}
	for end := time.Now().Add(trackerTime); time.Now().Before(end) && !watches(nfsdcldTool.name); {
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// trackerTime is how long nfsdcld may take to be ready. The kernel gives it a second from
// the start of the server on, after which clients have to wait.
const trackerTime = 10 * time.Second

// watches tells whether a program with that name waits for files to appear, as nfsdcld does
// for the pipe that the server makes when it starts.
func watches(name string) bool {
	pids, err := processesNamed(name)
	if err != nil {
		return false
	}
	for _, pid := range pids {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil {
			return false
		}
		for _, file := range files {
			if target, err := os.Readlink(file); err == nil && target == "anon_inode:inotify" {
				return true
			}
		}
	}
	return false
}

// startStatd starts what remembers the locks of clients of NFS 3.
func startStatd(n *startNote) error { return n.startOnce(statdTool) }

func startMountd(n *startNote) error { return n.startOnce(mountdTool) }

// exportAll exports what files say, unless the server runs: then others may have exported
// something beside that. Lines that are wrong are no reason not to start, as they are
// none for systemd.
func exportAll(*startNote) error {
	running, err := nfsServerRunning()
	if err != nil || running {
		return err
	}
	_, err = exportfsTool.run("-r")
	if errors.Is(err, errToolTimeout) {
		return err
	}
	return nil
}

// startThreads starts as many threads as /etc/nfs.conf says, eight if it does not.
func startThreads(*startNote) error {
	running, err := nfsServerRunning()
	if err != nil || running {
		return err
	}
	if _, err = nfsdTool.run(); err != nil {
		return err
	}
	if running, err = nfsServerRunning(); err == nil && !running {
		return errors.New("rpc.nfsd started no thread")
	}
	return err
}

// A startNote remembers what was started, until it is stopped.
type startNote struct {
	path    string
	Daemons []string `json:"daemons,omitempty"` // names of programs, in the order of starting
	Mounts  []string `json:"mounts,omitempty"`  // where, in the order of mounting
}

func readNote(name string) (*startNote, error) {
	n := &startNote{path: filepath.Join(runDirectory, name+".json")}
	text, err := os.ReadFile(n.path)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, n); err != nil {
		return nil, fmt.Errorf("read %s: %w", n.path, err)
	}
	return n, nil
}

func (n *startNote) write() error { return writeRunFile(n.path, n) }

// writeRunFile puts a value as JSON into a file below runDirectory, whole or not at all.
func writeRunFile(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+halfWritten, text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+halfWritten, path)
}

// halfWritten is the suffix of such a file while it is written.
const halfWritten = ".new"

// mount mounts a file system of the kernel, unless it is there.
func (n *startNote) mount(fstype, dir string) error {
	mounted, err := mountinfo.GetMounts(func(i *mountinfo.Info) (skip, stop bool) {
		return i.Mountpoint != dir || i.FSType != fstype, false
	})
	if err != nil || len(mounted) > 0 {
		return err
	}
	if !slices.Contains(n.Mounts, dir) {
		n.Mounts = append(n.Mounts, dir)
	}
	if err := n.write(); err != nil {
		return err
	}
	if err := unix.Mount(fstype, dir, fstype, 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", dir, err)
	}
	return nil
}

// startOnce starts a daemon, unless it runs.
func (n *startNote) startOnce(t tool, args ...string) error {
	pids, err := processesNamed(t.name)
	if err != nil || len(pids) > 0 {
		return err
	}
	return n.start(t, args...)
}

func (n *startNote) start(t tool, args ...string) error {
	if !slices.Contains(n.Daemons, t.name) {
		n.Daemons = append(n.Daemons, t.name)
	}
	if err := n.write(); err != nil {
		return err
	}
	_, err := t.run(args...)
	return err
}

// undo ends the daemons and takes the mounts away, in the reverse order, and forgets them.
func (n *startNote) undo() error {
	for _, name := range slices.Backward(n.Daemons) {
		if err := endProcesses(name); err != nil {
			return err
		}
	}
	for _, dir := range slices.Backward(n.Mounts) {
		err := unix.Unmount(dir, 0)
		if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) { // not mounted
			return fmt.Errorf("unmount %s: %w", dir, err)
		}
	}
	if err := os.Remove(n.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// processesNamed finds the processes of that name which have the same network and the
// same files as this one.
func processesNamed(name string) ([]int, error) {
	var found []int
	pids, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, dir := range pids {
		comm, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil || strings.TrimSpace(string(comm)) != commOf(name) || !sameNamespaces(dir) {
			continue // it may have ended meanwhile
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return nil, err
		}
		if state, err := processState(dir); err == nil && state != "Z" {
			found = append(found, pid)
		}
	}
	return found, nil
}

// commOf is what the kernel keeps of a program's name.
func commOf(name string) string { return name[:min(len(name), 15)] }

// processState is the letter that ps(1) shows.
func processState(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	state, _, _ := strings.Cut(rest, " ")
	return state, nil
}

// sameNamespaces tells whether a process has the network and the mounts of this thread.
func sameNamespaces(dir string) bool {
	for _, ns := range []string{"ns/net", "ns/mnt"} {
		own, err := os.Readlink(filepath.Join("/proc/thread-self", ns))
		if err != nil {
			return false
		}
		its, err := os.Readlink(filepath.Join(dir, ns))
		if err != nil || its != own {
			return false
		}
	}
	return true
}

// endProcesses has the processes of a name end, by force if they take too long.
func endProcesses(name string) error {
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		for range 100 {
			pids, err := processesNamed(name)
			if err != nil || len(pids) == 0 {
				return err
			}
			for _, pid := range pids {
				if err := unix.Kill(pid, sig); err != nil && !errors.Is(err, unix.ESRCH) {
					return fmt.Errorf("end %s: %w", name, err)
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return fmt.Errorf("end %s: it does not die", name)
}
