// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// roleVariable makes the test binary, started by a test, do something else
// than run tests: it is then a process that the test may kill.
const roleVariable = "KDZ_CONTROLPLANE_TEST_ROLE"

// patience is how long a test waits for what takes milliseconds on an idle
// machine.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		// These tests are about the programs that are built here.
		if err := os.Unsetenv("KUBEBUILDER_ASSETS"); err != nil {
			panic(err)
		}
		os.Exit(controlplanetest.Run(m, controlplane.Options{ControllerManager: controlplane.ControllerManagerRequired}))
	case "parent":
		os.Exit(beParent())
	case "builder":
		os.Exit(beBuilder())
	default:
		panic(roleVariable + "=" + role)
	}
}

// beParent starts a control plane, in the folder that the environment names if
// it names one, and waits to be killed.
func beParent() int {
	cp, err := controlplane.Start(context.Background(), controlplane.Options{Dir: os.Getenv("DIR")})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println("group", controlplane.Group(cp))
	fmt.Println("folder", filepath.Dir(cp.Kubeconfig()))
	fmt.Println("host", strings.TrimPrefix(cp.Config.Host, "https://"))
	select {}
}

// beBuilder builds, or waits for who does, and prints the folder. The folders
// it works with are in the environment.
func beBuilder() int {
	dir, err := controlplane.Build(context.Background(), os.Getenv("SOURCE"), os.Getenv("CACHE"), os.Getenv("TOOL"), os.Stdout)
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println("folder", dir)
	return 0
}

// process is this test binary in another role.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string
}

// startProcess starts this test binary in a role, with more in its environment.
func startProcess(t *testing.T, role string, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), roleVariable+"="+role), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, lines: make(chan string, 1000)}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return p
}

// expect awaits a line that begins with prefix and returns what follows it.
func (p *process) expect(prefix string) string {
	p.t.Helper()
	deadline := time.After(2 * time.Minute)
	var seen []string
	for {
		select {
		case line, ok := <-p.lines:
			if rest, found := strings.CutPrefix(line, prefix); found {
				return strings.TrimSpace(rest)
			}
			seen = append(seen, line)
			if !ok {
				p.t.Fatalf("no line %q; there was:\n%s", prefix, strings.Join(seen, "\n"))
			}
		case <-deadline:
			p.t.Fatalf("no line %q yet; there was:\n%s", prefix, strings.Join(seen, "\n"))
		}
	}
}

// kill ends the process as nobody can prevent or prepare for.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
}

// await fails the test if the condition is not met in time.
func await(t *testing.T, what string, met func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !met() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not after %s: %s", patience, what)
		}
	}
}
