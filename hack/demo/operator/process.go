// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"k8s.io/utils/clock"
)

const (
	// stable is how long the program must run to count as one that works.
	stable = 10 * time.Second
	// maxDeaths is how often in a row it may die before that.
	maxDeaths = 5
	// firstPause is the time before it is started again, doubled with each
	// death in a row.
	firstPause = time.Second
	// defaultGrace is what it has to end by itself: a little more than it
	// takes.
	defaultGrace = 12 * time.Second
	// tailLines is how much of its log an error shows.
	tailLines = 20
)

// Supervisor runs a program and starts it again when it dies. All fields but
// Hold, Notify and Grace are required.
type Supervisor struct {
	// Program and its arguments.
	Program string
	Args    []string
	// Log is the file that all it says is appended to.
	Log string
	// Hold is handed each command before it starts.
	Hold func(*exec.Cmd)
	// Notify is told, in one sentence, when it started and when it died.
	Notify func(string)
	// Clock by which it is judged and started again.
	Clock clock.Clock
	// Grace is what the program has to end by itself; 0 is 12 seconds.
	Grace time.Duration
}

// Arguments are the operator's for a run outside of a cluster: no ports, no
// leader to be elected, and the lab's address open to checks. Namespace is that
// of its own objects.
func Arguments(kubeconfig, namespace string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--namespace=" + namespace,
		"--leader-elect=false",
		"--metrics-bind-address=0",
		"--health-probe-bind-address=0",
		"--log-format=text",
		"--egress-allow=127.0.0.1",
	}
}

// Run runs the program until ctx ends, and then asks it to end. An error means
// that it could not be started, or died again and again, with the end of its
// log.
func (s *Supervisor) Run(ctx context.Context) error {
	for deaths := 0; ; {
		began := s.Clock.Now()
		err := s.once(ctx, deaths > 0)
		if ctx.Err() != nil {
			return s.stopped(err)
		}
		ran := s.Clock.Since(began)
		if ran >= stable {
			deaths = 0
		}
		deaths++
		how := "ended by itself"
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit):
			how = "died (" + exit.Error() + ")"
		case err != nil:
			return err
		}
		if deaths == maxDeaths {
			return fmt.Errorf("the operator %s %d times, each within %s; the end of %s:\n%s", how, deaths, stable, s.Log, Tail(s.Log))
		}
		pause := firstPause << (deaths - 1)
		s.notify(fmt.Sprintf("the operator %s after %s; starting it again in %s", how, ran.Round(time.Second), pause))
		timer := s.Clock.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C():
		}
	}
}

// stopped judges how the program ended that was asked to.
func (s *Supervisor) stopped(err error) error {
	var exit *exec.ExitError
	switch {
	case errors.Is(err, context.Canceled):
		return nil
	case !errors.As(err, &exit):
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGKILL {
		return fmt.Errorf("the operator did not end within %s and was killed; see %s", s.grace(), s.Log)
	}
	return nil
}

func (s *Supervisor) grace() time.Duration { return cmp.Or(s.Grace, defaultGrace) }

func (s *Supervisor) notify(text string) {
	if s.Notify != nil {
		s.Notify(text)
	}
}

// once runs the program until it ends by itself or, asked to, because ctx did.
func (s *Supervisor) once(ctx context.Context, again bool) error {
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("the operator's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the program has a descriptor of its own
	cmd := exec.CommandContext(ctx, s.Program, s.Args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = s.grace() // then it is killed
	if s.Hold != nil {
		s.Hold(cmd)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the operator: %w", err)
	}
	if again {
		s.notify(fmt.Sprintf("the operator runs again, as process %d", cmd.Process.Pid))
	} else {
		s.notify(fmt.Sprintf("the operator runs as process %d", cmd.Process.Pid))
	}
	return cmd.Wait()
}

// Tail is the end of a log, indented, or why it cannot be had.
func Tail(name string) string {
	const most = 64 << 10
	f, err := os.Open(name)
	if err != nil {
		return "\t" + err.Error()
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return "\t" + err.Error()
		}
	}
	content, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return "\t" + err.Error()
	}
	lines := strings.Split(string(bytes.TrimRight(content, "\n")), "\n")
	return "\t" + strings.Join(lines[max(0, len(lines)-tailLines):], "\n\t")
}
