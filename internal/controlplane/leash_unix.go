// SPDX-License-Identifier: Apache-2.0

//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package controlplane

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// watchdog is what the leash's shell does: outlive what a terminal sends,
// wait until the pipe at its input is closed, remove the temporary folder (if
// there is one) and kill the whole group, itself included.
const watchdog = `trap '' HUP INT QUIT TERM
read -r nothing
[ -z "$1" ] || rm -rf -- "$1"
kill -KILL 0`

// leash is a process group that dies with this process, however it dies.
type leash struct {
	watchdog *exec.Cmd
	pipe     *os.File
	once     sync.Once
	err      error
}

// newLeash starts the watchdog. If this process ends without release, temp is
// removed; an empty temp removes nothing.
func newLeash(temp string) (*leash, error) {
	in, out, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("the watchdog's pipe: %w", err)
	}
	defer func() { _ = in.Close() }()
	cmd := exec.Command("sh", "-c", watchdog, "kdz-controlplane-watchdog", temp)
	cmd.Stdin = in
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the watchdog: %w", err), out.Close())
	}
	return &leash{watchdog: cmd, pipe: out}, nil
}

// group is the process group's id.
func (l *leash) group() int { return l.watchdog.Process.Pid }

// hold puts cmd, which has not been started yet, into the group.
func (l *leash) hold(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: l.group()}
}

// release kills whatever is left in the group. The temporary folder stays;
// it may be called several times.
func (l *leash) release() error {
	l.once.Do(func() {
		// As long as the watchdog has not been waited for, its process id, and
		// with it the group's, belongs to nobody else.
		if err := syscall.Kill(-l.group(), syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			l.err = fmt.Errorf("kill process group %d: %w", l.group(), err)
		}
		var exit *exec.ExitError
		if err := l.watchdog.Wait(); err != nil && !errors.As(err, &exit) {
			l.err = errors.Join(l.err, fmt.Errorf("wait for the watchdog: %w", err))
		}
		l.err = errors.Join(l.err, l.pipe.Close())
	})
	return l.err
}

// terminate asks a process to end.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// fileLock is an advisory lock that the kernel gives back when the process
// that holds it ends, so there are no stale ones.
type fileLock struct{ file *os.File }

// errLocked says that another process (or another lock of this one) holds it.
var errLocked = errors.New("locked by another process")

// tryLock takes the lock on the file name, which is created if need be, and
// leaves this process's id in it. It returns errLocked if somebody has it.
func tryLock(name string) (*fileLock, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := fmt.Fprintf(f, "%d\n", os.Getpid()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &fileLock{file: f}, nil
}

// unlock gives the lock back. The file stays: removing it would let two
// processes hold locks on two files of the same name.
func (l *fileLock) unlock() error { return l.file.Close() }

// lockHolder reads who holds the lock on the file name; "another process" if
// that cannot be told.
func lockHolder(name string) string {
	b, err := os.ReadFile(name)
	if pid := strings.TrimSpace(string(b)); err == nil && pid != "" {
		return "process " + pid
	}
	return "another process"
}
