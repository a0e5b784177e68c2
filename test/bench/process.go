// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startTime bounds how long a program may take to start.
	startTime = 20 * time.Second
	// endTime bounds how long it may take to end when it is asked to.
	endTime = 10 * time.Second
	// maxOutput bounds what is kept of what a program says.
	maxOutput = 64 << 10
)

// process is a program that this one started, and that ends with it.
type process struct {
	cmd    *exec.Cmd
	output *tail
	ended  chan struct{} // closed when it has
	err    error         // with which it ended
}

// start starts a program. It is asked to end (SIGTERM) when ctx ends, or this
// process should be killed, so that it can end its own children. What it writes
// to standard error, and to standard output unless that is wanted, is kept for
// messages.
func start(ctx context.Context, cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, output: &tail{}, ended: make(chan struct{})}
	cmd.Stderr = p.output
	if cmd.Stdout == nil {
		cmd.Stdout = p.output
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		defer close(p.ended)
		p.err = cmd.Wait()
	}()
	stop := context.AfterFunc(ctx, func() { p.signal(syscall.SIGTERM) })
	go func() {
		<-p.ended
		stop()
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) signal(s syscall.Signal) {
	// An error means that it has ended.
	_ = p.cmd.Process.Signal(s)
}

// until waits for a condition that only looking shows.
func (p *process) until(ctx context.Context, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-p.ended:
			return errors.Join(p.died(), errors.New("it ended at once"))
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s is not ready after %s", p.cmd.Path, startTime), p.stop())
		case <-tick.C:
		}
	}
	return nil
}

// stop asks the program to end, and waits for that.
func (p *process) stop() error {
	p.signal(syscall.SIGTERM)
	return p.wait()
}

// wait waits for the end of a program that has a reason to end.
func (p *process) wait() error {
	select {
	case <-p.ended:
	case <-time.After(endTime):
		// With its children: it leads a group of its own.
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
		<-p.ended
	}
	return p.died()
}

// died returns with which error the program ended, and what it said.
func (p *process) died() error {
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w\n%s", filepath.Base(p.cmd.Path), p.err, p.output)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	t.text = t.text[max(len(t.text)-maxOutput, 0):]
	return len(text), nil
}

// String implements fmt.Stringer.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}

// cpuOf returns how much processor time processes took together so far, user
// and system.
func cpuOf(pids []int) (time.Duration, error) {
	var all time.Duration
	for _, pid := range pids {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			return 0, err
		}
		took, err := cpuIn(text)
		if err != nil {
			return 0, fmt.Errorf("process %d: %w", pid, err)
		}
		all += took
	}
	return all, nil
}

// clockTick is the unit of times in /proc (USER_HZ, which Linux keeps at 100
// whatever its own clock does).
const clockTick = 10 * time.Millisecond

// cpuIn reads utime and stime, the fields 14 and 15 of /proc/PID/stat (proc(5)).
// The second field is a name in parentheses, which may hold anything.
func cpuIn(stat []byte) (time.Duration, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is too short")
	}
	user, err := strconv.ParseInt(string(fields[11]), 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * clockTick, err
}

// lookFor returns the path of a program, "" if it is not installed. Debian
// keeps servers where not everybody looks.
func lookFor(name string) string {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return ""
}
