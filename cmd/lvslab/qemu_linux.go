package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const qemuProgram = "qemu-system-x86_64"

// emulatedCPU is what the guest sees where it is emulated: an old processor, of which a
// fifth less is to be emulated than of one with all that the emulator knows. Its SSE 4.2 is
// left out, since programs take it for the fast way to a checksum or through a string, and
// it is emulated bit by bit. Programs for x86-64 run on it, as Debian's and Go's are.
const emulatedCPU = "Nehalem,-sse4.2"

// machine is what the emulator is asked for.
type machine struct {
	kernel   *kernel
	initrd   []byte
	kvm      bool
	memory   int // MiB
	cpus     int
	writable []string
}

// guest is a running emulator. It leaves nothing behind, however it ends: its
// files are anonymous, and it is killed when the runner dies.
type guest struct {
	port    *os.File // frames to and from the guest's init
	console *os.File // what the kernel prints
	cmd     *exec.Cmd
	stderr  *tail
	ended   chan struct{} // closed once the emulator is gone
}

// File numbers in the emulator: the files that startGuest hands down.
const (
	portFD = 3 + iota
	consoleFD
	initrdFD
)

// startGuest starts the emulator. The calling goroutine must stay locked to its
// thread while the guest runs, because the kernel ties the emulator's life to it.
func startGuest(m machine) (*guest, error) {
	port, portPeer, err := socketPair("port")
	if err != nil {
		return nil, err
	}
	defer portPeer.Close()
	console, consolePeer, err := socketPair("console")
	if err != nil {
		return nil, err
	}
	defer consolePeer.Close()
	initrd, err := memoryFile("initramfs", m.initrd)
	if err != nil {
		return nil, err
	}
	defer initrd.Close()
	g := &guest{port: port, console: console, stderr: newTail(20), ended: make(chan struct{})}
	g.cmd = exec.Command(qemuProgram, m.args()...)
	g.cmd.ExtraFiles = []*os.File{portPeer, consolePeer, initrd}
	g.cmd.Stdout, g.cmd.Stderr = g.stderr, g.stderr
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}
	go func() {
		g.cmd.Wait()
		close(g.ended)
	}()
	return g, nil
}

// stop ends the emulator; a process stuck in the kernel is left to it after a while.
func (g *guest) stop() {
	g.cmd.Process.Kill()
	select {
	case <-g.ended:
	case <-time.After(2 * time.Second):
	}
	g.port.Close()
	g.console.Close()
}

// args is the emulator's command line: no network, no display, nothing that
// outlives the run.
func (m machine) args() []string {
	args := []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot",
		"-m", fmt.Sprint(m.memory), "-smp", fmt.Sprint(m.cpus),
		"-kernel", m.kernel.image, "-initrd", fmt.Sprintf("/proc/self/fd/%d", initrdFD),
		"-append", m.commandLine(),
		"-chardev", fmt.Sprintf("socket,id=console,fd=%d", consoleFD), "-serial", "chardev:console",
		"-device", "virtio-serial-pci",
		"-chardev", fmt.Sprintf("socket,id=port,fd=%d", portFD), "-device", "virtserialport,chardev=port",
	}
	args = append(args, share("root", "/", true)...)
	for i, dir := range m.writable {
		args = append(args, share(fmt.Sprintf("w%d", i), dir, false)...)
	}
	args = append(args, "-machine", "q35,hpet=off,smbus=off,sata=off,vmport=off")
	if m.kvm {
		return append(args, "-accel", "kvm", "-cpu", "host")
	}
	return append(args, "-accel", "tcg,thread=multi", "-cpu", emulatedCPU)
}

// commandLine is the kernel's. Speculation mitigations, watchdogs, security modules without
// a policy, hardening against attacks and a search for keyboards only cost time here; a
// panic ends the emulator at once. So do addresses that differ from process to process: the
// emulator translates a library anew for each address that it is loaded at.
func (m machine) commandLine() string {
	words := []string{"console=ttyS0", "quiet", "panic=-1", "nokaslr", "norandmaps", "mitigations=off", "no_timer_check",
		"nowatchdog", "rcupdate.rcu_expedited=1", "random.trust_cpu=on", "audit=0", "i8042.noaux", "i8042.nokbd",
		"lsm=capability", "init_on_alloc=0", "randomize_kstack_offset=off", "hardened_usercopy=off"}
	if !m.kvm {
		words = append(words, "tsc=reliable")
	}
	return strings.Join(words, " ")
}

// share exports a directory to the guest over 9p.
func share(tag, dir string, readOnly bool) []string {
	fsdev := fmt.Sprintf("local,id=%s,path=%s,security_model=passthrough,multidevs=remap",
		tag, strings.ReplaceAll(dir, ",", ",,"))
	if readOnly {
		fsdev += ",readonly=on"
	}
	return []string{"-fsdev", fsdev, "-device", fmt.Sprintf("virtio-9p-pci,fsdev=%s,mount_tag=%s", tag, tag)}
}

// socketPair returns both ends of a connection.
func socketPair(name string) (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("connect %s: %w", name, err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, fmt.Errorf("connect %s: %w", name, err)
	}
	return os.NewFile(uintptr(fds[0]), name), os.NewFile(uintptr(fds[1]), name), nil
}

// memoryFile returns a file with that content and without a name.
func memoryFile(name string, data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err := f.Write(data); err != nil {
		f.Close()
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return f, nil
}
