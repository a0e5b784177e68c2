// SPDX-License-Identifier: Apache-2.0

// Package parent ends a process whose parent is gone.
//
// A control plane that belongs to a demo or a test must not outlive it, not
// even when the demo is killed with SIGKILL and can clean up nothing. The
// kernel's own means (prctl PR_SET_PDEATHSIG) exists on Linux only and watches
// the thread that forked, not the process; asking for the parent's process id
// twice a second is portable and has neither flaw.
//
// The package watches and ends; it must not clean up anything.
package parent

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// Variable is the environment variable that asks for the watch. Its value is
// the parent's process id; the process ends once it has another parent.
const Variable = "KDZ_EXIT_WITH_PARENT"

// interval is the time between two looks at the parent.
const interval = 500 * time.Millisecond

// Follow calls exit(1) within half a second after this process lost the
// parent whose process id want holds. It returns at once. An empty want asks
// for nothing; an error means that want is no process id or that this parent
// is gone already.
func Follow(want string, exit func(code int)) error {
	if want == "" {
		return nil
	}
	pid, err := strconv.Atoi(want)
	if err != nil || pid < 1 {
		return fmt.Errorf("%s=%q is not a process id", Variable, want)
	}
	if is := os.Getppid(); is != pid {
		return fmt.Errorf("%s=%d: the parent is gone (it is %d now)", Variable, pid, is)
	}
	go func() {
		await(pid, os.Getppid, time.Tick(interval))
		exit(1)
	}()
	return nil
}

// await returns at the first tick at which getppid says something else than
// pid.
func await(pid int, getppid func() int, ticks <-chan time.Time) {
	for range ticks {
		if getppid() != pid {
			return
		}
	}
}
