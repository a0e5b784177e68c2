// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"
)

// supervised runs a shell script under a Supervisor.
type supervised struct {
	t       *testing.T
	clock   *clocktesting.FakeClock
	notices chan string
	held    chan *exec.Cmd
	ended   chan error
	cancel  context.CancelFunc
	log     string
}

func supervise(t *testing.T, script string) *supervised {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	ctx, cancel := context.WithCancel(t.Context())
	s := &supervised{
		t: t, clock: clocktesting.NewFakeClock(time.Now()), cancel: cancel,
		notices: make(chan string, 100), held: make(chan *exec.Cmd, 100), ended: make(chan error, 1),
		log: filepath.Join(t.TempDir(), "log"),
	}
	supervisor := &Supervisor{
		Program: "/bin/sh", Args: []string{"-c", script}, Log: s.log, Clock: s.clock, Grace: time.Second / 2,
		Hold:   func(c *exec.Cmd) { s.held <- c },
		Notify: func(text string) { s.notices <- text },
	}
	go func() { s.ended <- supervisor.Run(ctx) }()
	return s
}

// end asks the program to end and returns what Run says.
func (s *supervised) end() error {
	s.cancel()
	return <-s.ended
}

// expect awaits a notice that begins like this.
func (s *supervised) expect(want string) string {
	s.t.Helper()
	got := <-s.notices
	if !strings.HasPrefix(got, want) {
		s.t.Fatalf("told %q, want %q…", got, want)
	}
	return got
}

// await returns when a condition holds.
func (s *supervised) await(condition func() bool) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-s.t.Context().Done():
			s.t.Fatal("in vain")
		case <-tick.C:
		}
	}
}

// wrote is whether the log has a text.
func (s *supervised) wrote(text string) func() bool {
	return func() bool {
		content, err := os.ReadFile(s.log)
		return err == nil && strings.Contains(string(content), text)
	}
}

func TestSupervisorStartsAgainWhatDies(t *testing.T) {
	s := supervise(t, "echo started; exec sleep 3600")
	told := s.expect("the operator runs as process ")
	for range 2 * maxDeaths { // each after it ran for long, so it is not given up
		process, err := strconv.Atoi(told[strings.LastIndex(told, " ")+1:])
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Step(stable)
		if err := syscall.Kill(process, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s.expect("the operator died (signal: killed) after 10s; starting it again in 1s")
		s.await(s.clock.HasWaiters)
		s.clock.Step(firstPause)
		told = s.expect("the operator runs again, as process ")
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestSupervisorGivesUp(t *testing.T) {
	for _, c := range []struct{ script, how string }{
		{"echo the reason; exit 3", "died (exit status 3)"},
		{"echo the reason", "ended by itself"},
	} {
		t.Run(c.how, func(t *testing.T) {
			s := supervise(t, c.script)
			s.expect("the operator runs as process ")
			for i := range maxDeaths - 1 {
				s.expect(fmt.Sprintf("the operator %s after 0s; starting it again in %s", c.how, firstPause<<i))
				s.await(s.clock.HasWaiters)
				s.clock.Step(firstPause << i)
				s.expect("the operator runs again, as process ")
			}
			err := <-s.ended
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{"the operator " + c.how + " 5 times", "the end of " + s.log + ":\n", "\tthe reason"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
		})
	}
}

func TestSupervisorStops(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"by a signal", "echo ready; exec sleep 3600", ""},
		{"with 0", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done", ""},
		{"with an error", "trap 'exit 1' TERM; echo ready; while :; do sleep 0.01; done", ""},
		{"not", "trap '' TERM; echo ready; while :; do sleep 0.01; done", "the operator did not end within 500ms and was killed; see "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := supervise(t, c.script)
			s.await(s.wrote("ready"))
			err := s.end()
			if got := fmt.Sprint(err); c.want == "" && err != nil || !strings.HasPrefix(got, c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			cmd := <-s.held
			if err := cmd.Process.Signal(syscall.Signal(0)); err == nil {
				t.Error("still runs")
			}
		})
	}
}

func TestSupervisorStopsBetweenTwoRuns(t *testing.T) {
	s := supervise(t, "exit 1")
	s.expect("the operator runs as process ")
	s.expect("the operator died (exit status 1)")
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestSupervisorCannotStart(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name       string
		supervisor Supervisor
		want       string
	}{
		{"no program", Supervisor{Program: filepath.Join(dir, "none"), Log: filepath.Join(dir, "log")}, "start the operator: "},
		{"no folder for the log", Supervisor{Program: "/bin/true", Log: filepath.Join(dir, "none", "log")}, "the operator's log: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.supervisor.Clock = clocktesting.NewFakeClock(time.Now())
			if err := c.supervisor.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestTail(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	if got := Tail(log); !strings.Contains(got, "no such file") {
		t.Error(got)
	}
	var all, want []string
	for i := range 10_000 {
		all = append(all, fmt.Sprintf("line %d of the log", i))
	}
	for _, line := range all[len(all)-tailLines:] {
		want = append(want, "\t"+line)
	}
	if err := os.WriteFile(log, []byte(strings.Join(all, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), Tail(log)); diff != "" {
		t.Error(diff)
	}
}
