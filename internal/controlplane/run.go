// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"
)

// run starts a program and watches it.
func (cp *ControlPlane) run(program string, args []string) error {
	c, err := startComponent(cp.leash, cp.options.Assets, program, cp.work.path, cp.Logs(program), args)
	if err != nil {
		return err
	}
	cp.components = append(cp.components, c)
	return nil
}

// forget drops a program that has ended and is to be started anew.
func (cp *ControlPlane) forget(program string) {
	cp.components = slices.DeleteFunc(cp.components, func(c *component) bool { return c.name == program })
}

// watch reports any program that ends before Stop.
func (cp *ControlPlane) watch() {
	for _, c := range cp.components {
		cp.watchers.Go(func() {
			<-c.done
			cp.finish(c.failure())
		})
	}
}

// await asks ready until it returns no error, a program ends or ctx does.
func (cp *ControlPlane) await(ctx context.Context, program string, ready func(context.Context) error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		for _, c := range cp.components {
			if c.exited() {
				return c.failure()
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w (%w)\n%s", program, context.Cause(ctx), err, tail(cp.Logs(program), tailLines))
		case <-tick.C:
		}
	}
}

// portTaken is whether the API server ended because its port was not free.
func (cp *ControlPlane) portTaken() bool {
	return strings.Contains(tail(cp.Logs(apiServer), tailLines), "address already in use")
}

// choosePort returns want if it is free, or any free port if want is 0.
func choosePort(want int) (int, error) {
	if want != 0 {
		if err := tryPort(want); err != nil {
			return 0, fmt.Errorf("port %d cannot be had, is another control plane running? %w", want, err)
		}
		return want, nil
	}
	var err error
	for range 100 {
		port := minFreePort + rand.IntN(maxPort-minFreePort+1)
		if err = tryPort(port); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port from %d to %d: %w", minFreePort, maxPort, err)
}

// tryPort returns an error if nobody can listen on the port of loopback now.
func tryPort(port int) error {
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	return l.Close()
}
