// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// watchdog outlives what a terminal sends, waits until the pipe at its input
// is closed, removes the temporary folder and kills its process group.
const watchdog = `trap '' HUP INT QUIT TERM
read -r nothing
rm -rf -- "$1"
kill -KILL 0`

// leash is a process group that dies with this process, however it dies: the
// kernel closes the pipe at whose other end the watchdog waits.
type leash struct {
	watchdog *exec.Cmd
	pipe     *os.File
}

func newLeash(temp string) (*leash, error) {
	in, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	cmd := exec.Command("sh", "-c", watchdog, "kdz-e2e-watchdog", temp)
	cmd.Stdin = in
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the watchdog: %w", err), out.Close())
	}
	return &leash{watchdog: cmd, pipe: out}, nil
}

// release kills whatever is left in the group.
func (l *leash) release() {
	_ = syscall.Kill(-l.watchdog.Process.Pid, syscall.SIGKILL)
	_ = l.watchdog.Wait()
	_ = l.pipe.Close()
}

// process is a program that a test started.
type process struct {
	name string
	cmd  *exec.Cmd
	// log is the file that holds what it said.
	log string
	// done is closed when it has ended; err is valid from then on.
	done chan struct{}
	err  error
}

// startProcess starts a program on the leash. It is killed with the test, and
// if that failed, the end of its log is shown.
func startProcess(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, cmd: cmd, log: filepath.Join(t.TempDir(), name+".log"), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: programs.leash.watchdog.Process.Pid}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the end of the log of %s (process %d):\n%s", name, cmd.Process.Pid, p.tail(40))
		}
	})
	return p
}

// kill is kill -9. It returns when the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// quit asks the process to end, and waits for a while until it has.
func (p *process) quit() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(goneWithin):
	}
}

// stop asks the process to end and awaits that it does so, well.
func (p *process) stop(t *testing.T, signal os.Signal, within time.Duration) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("end %s: %v", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(within):
		t.Fatalf("%s has not ended %s after %s", p.name, within, signal)
	}
	if p.err != nil {
		t.Errorf("%s ended with %v", p.name, p.err)
	}
}

// said returns all that the process has said.
func (p *process) said(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (p *process) tail(lines int) string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// usage is what a process has taken of the machine.
type usage struct {
	// cpu is processor time, of the system included.
	cpu time.Duration
	// rss and peak are resident memory in MiB: now, and the most there was.
	rss, peak float64
}

// usageOf reads the usage of a process from /proc.
func usageOf(t *testing.T, pid int) usage {
	t.Helper()
	read := func(file string) string {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	// The name may hold spaces; what follows it is numbered from 3.
	stat := read("stat")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	var u usage
	for _, field := range []int{14, 15} {
		ticks, err := strconv.ParseInt(fields[field-3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		u.cpu += time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100
	}
	for line := range strings.Lines(read("status")) {
		for name, into := range map[string]*float64{"VmRSS:": &u.rss, "VmHWM:": &u.peak} {
			if rest, found := strings.CutPrefix(line, name); found {
				kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
				if err != nil {
					t.Fatal(err)
				}
				*into = kib / 1024
			}
		}
	}
	return u
}
