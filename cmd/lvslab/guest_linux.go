package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// guestMain is the guest's init: process 1 of the booted kernel. It makes the
// machine's root file system its own, runs one program and powers off.
func guestMain() {
	// Caught, not ignored: the program would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	frames, err := guestRun()
	if err != nil {
		fmt.Fprintf(os.Stderr, "lvslab: %v\n", err) // on the console
		if frames != nil {
			frames.send(frameFailed, []byte(err.Error()))
		}
	}
	if frames != nil {
		time.Sleep(10 * time.Second) // the runner ends the guest as soon as it has read everything
	}
	unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART) // with -no-reboot this ends the emulator
}

// guestRun does all that guestMain is for. The frames lead to the runner as soon
// as there is a way to it.
func guestRun() (*frameWriter, error) {
	if err := mountAll([]mount{{"devtmpfs", "/dev", "devtmpfs", 0, ""}, {"proc", "/proc", "proc", 0, ""}}); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(jobFile)
	if err != nil {
		return nil, fmt.Errorf("read job: %w", err)
	}
	var j job
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, fmt.Errorf("read job: %w", err)
	}
	if err := loadModules(j.Load); err != nil {
		return nil, err
	}
	port, err := openPort()
	if err != nil {
		return nil, err
	}
	frames := &frameWriter{w: port}
	if j.Probe {
		return frames, frames.send(frameExit, []byte{0})
	}
	if err := furnish(j); err != nil {
		return frames, err
	}
	code, err := execute(j, port, frames)
	if err != nil {
		return frames, err
	}
	unix.Sync()
	return frames, frames.send(frameExit, []byte{byte(code)})
}

// moduleCompressed tells the kernel to unpack the module itself.
const moduleCompressed = 4 // MODULE_INIT_COMPRESSED_FILE of linux/module.h

// loadModules loads the module files in order.
func loadModules(files []string) error {
	for _, file := range files {
		f, err := os.Open(filepath.Join(moduleDir, file))
		if err != nil {
			return fmt.Errorf("open module: %w", err)
		}
		flags := 0
		if filepath.Ext(file) != ".ko" {
			flags = moduleCompressed
		}
		err = unix.FinitModule(int(f.Fd()), "", flags)
		f.Close()
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("load module %s: %w", file, err)
		}
	}
	return nil
}

// portFile is the serial port that leads to the runner.
const portFile = "/dev/vport0p1"

// rawPort reads and writes a file descriptor in blocking mode.
type rawPort int

func (p rawPort) Read(data []byte) (int, error) {
	n, err := ignoreEINTR(func() (int, error) { return unix.Read(int(p), data) })
	if err == nil && n == 0 {
		err = io.EOF
	}
	return max(n, 0), err
}

func (p rawPort) Write(data []byte) (int, error) {
	written := 0
	for written < len(data) {
		n, err := ignoreEINTR(func() (int, error) { return unix.Write(int(p), data[written:]) })
		if err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}

func ignoreEINTR(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// openPort waits for the serial port to appear and opens it.
func openPort() (rawPort, error) {
	deadline := time.Now().Add(10 * time.Second)
	for {
		fd, err := unix.Open(portFile, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err == nil {
			return rawPort(fd), nil
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("open port to the runner: %w", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// execute runs the job's program and returns its exit code, 128 plus the signal
// if one killed it. When the program has ended, whatever it left running ends too.
func execute(j job, port rawPort, frames *frameWriter) (int, error) {
	if err := frames.send(frameReady, nil); err != nil {
		return 0, err
	}
	if err := os.Chdir(j.Dir); err != nil { // names of programs are looked up from there
		return notFound(frames, err)
	}
	path, err := exec.LookPath(j.Args[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return notFound(frames, err)
	}
	stdio, err := newStdio(frames)
	if err != nil {
		return 0, err
	}
	if j.Emulated {
		if err := sleepTogether(); err != nil {
			return 0, err
		}
	}
	pid, err := syscall.ForkExec(path, j.Args, &syscall.ProcAttr{
		Dir: j.Dir, Env: os.Environ(), Files: stdio.child, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	stdio.closeChild()
	if err != nil {
		return notFound(frames, &os.PathError{Op: "exec", Path: path, Err: err})
	}
	go obey(port, pid, stdio.in)
	status := reap(pid)
	syscall.Kill(-1, syscall.SIGKILL)
	stdio.drain(2 * time.Second)
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// timerSlack is how late a sleeping program may be woken where the guest is emulated: as
// late as the kernel's clock ticks.
const timerSlack = 4 * time.Millisecond

// sleepTogether has the timers of the programs that this thread starts, and of those that
// they start, wait for each other. Each timer costs an emulator as much as many thousand
// instructions, and every Go program has a thread that looks after the others and sleeps for
// 20 microseconds at a time: it was a quarter of all that there was to do.
func sleepTogether() error {
	runtime.LockOSThread() // it starts the program
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0); err != nil {
		return fmt.Errorf("set timer slack: %w", err)
	}
	return nil
}

// notFound reports a program that cannot be started the way a shell does.
func notFound(frames *frameWriter, err error) (int, error) {
	frames.send(frameStderr, fmt.Appendf(nil, "lvslab: %v\n", err))
	if errors.Is(err, os.ErrPermission) {
		return 126, nil
	}
	return 127, nil
}

// reap waits for every process that ends until pid is among them.
func reap(pid int) syscall.WaitStatus {
	for {
		var status syscall.WaitStatus
		got, err := syscall.Wait4(-1, &status, 0, nil)
		if got == pid && (status.Exited() || status.Signaled()) {
			return status
		}
		if errors.Is(err, syscall.ECHILD) {
			return 0
		}
	}
}

// obey carries out what the runner asks for: input and signals.
func obey(port rawPort, pid int, stdin *os.File) {
	for {
		kind, data, err := readFrame(port)
		if err != nil {
			return
		}
		switch kind {
		case frameStdin:
			if len(data) == 0 {
				stdin.Close()
			} else {
				stdin.Write(data) // fails once nobody reads any more; the rest is dropped
			}
		case frameSignal:
			syscall.Kill(pid, syscall.Signal(data[0]))
		}
	}
}

// stdio are the program's three streams, all pipes.
type stdio struct {
	child  []uintptr
	files  []*os.File
	in     *os.File
	copied chan struct{} // one message for each output stream that has ended
}

// newStdio makes the pipes and starts to copy the program's output to the runner.
func newStdio(frames *frameWriter) (*stdio, error) {
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	s := &stdio{in: inWrite, copied: make(chan struct{}, 2)}
	s.give(inRead)
	for _, kind := range []frameKind{frameStdout, frameStderr} {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, fmt.Errorf("make pipe: %w", err)
		}
		s.give(write)
		go func() {
			io.Copy(frames.stream(kind), read)
			s.copied <- struct{}{}
		}()
	}
	return s, nil
}

func (s *stdio) give(f *os.File) {
	s.files = append(s.files, f)
	s.child = append(s.child, f.Fd())
}

// closeChild closes the ends that belong to the program.
func (s *stdio) closeChild() {
	for _, f := range s.files {
		f.Close()
	}
}

// drain waits until all output has been copied.
func (s *stdio) drain(limit time.Duration) {
	expired := time.After(limit)
	for range 2 {
		select {
		case <-s.copied:
		case <-expired:
			return
		}
	}
}
