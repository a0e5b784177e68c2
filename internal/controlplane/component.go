// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tailLines is how many lines of a log an error shows.
const tailLines = 20

// component is one running program of the control plane.
type component struct {
	name string
	cmd  *exec.Cmd
	log  string
	// done is closed when the process has ended; err is valid from then on.
	done chan struct{}
	err  error
}

// startComponent runs the program name of the folder assets in dir, held by l,
// and appends what it says to the file log.
func startComponent(l *leash, assets, name, dir, log string, args []string) (*component, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the log of %s: %w", name, err)
	}
	// The child has its own descriptor; ours is not needed once it runs.
	defer func() { _ = out.Close() }()
	c := &component{name: name, log: log, done: make(chan struct{})}
	c.cmd = exec.Command(filepath.Join(assets, name), args...)
	c.cmd.Dir = dir
	c.cmd.Stdout, c.cmd.Stderr = out, out
	c.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", exitWithParent, os.Getpid()))
	l.hold(c.cmd)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// exited is whether the process has ended.
func (c *component) exited() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// failure describes why the component that has ended did, with its last words.
func (c *component) failure() error {
	how := "ended"
	if c.err != nil {
		how = "ended (" + c.err.Error() + ")"
	}
	return fmt.Errorf("%s %s\n%s", c.name, how, tail(c.log, tailLines))
}

// stop asks the process to end and kills it if it has not after grace.
func (c *component) stop(grace time.Duration) error {
	if c.exited() {
		return nil
	}
	if err := terminate(c.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", c.name, err)
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-c.done:
		return nil
	case <-t.C:
	}
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", c.name, err)
	}
	<-c.done
	return nil
}

// tail returns the last n lines of a file, indented, with the file's name
// above; of a file that cannot be read, why.
func tail(name string, n int) string {
	const most = 64 << 10
	f, err := os.Open(name)
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return "(no log: " + err.Error() + ")"
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return "the end of " + name + ":\n\t" + strings.Join(lines[max(0, len(lines)-n):], "\n\t")
}
