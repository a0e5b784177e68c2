// SPDX-License-Identifier: Apache-2.0

// Package controlplanetest gives the tests of a package one control plane,
// started when the first test asks for it and stopped after the last.
//
//	func TestMain(m *testing.M) {
//		os.Exit(controlplanetest.Run(m, controlplane.Options{}))
//	}
//
//	func TestSomething(t *testing.T) {
//		c, err := client.New(controlplanetest.Config(t), client.Options{})
//		…
//	}
//
// Tests share what is stored: each takes a namespace, or names, of its own.
// The package must not be imported by anything but tests.
package controlplanetest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"kdz.mainz.de/operator/internal/controlplane"
)

// Setup is done once, after the control plane's start and before the first
// test sees it: installing definitions, for instance.
type Setup func(ctx context.Context, cp *controlplane.ControlPlane) error

// shared is the control plane of a test binary, or why there is none.
type shared struct {
	options controlplane.Options
	setup   []Setup
	once    sync.Once
	plane   *controlplane.ControlPlane
	err     error
}

// current is set by Run. A test binary has one TestMain, and between it and
// its tests there is no way to hand something over but a variable.
var current *shared

// Run runs the tests and stops the control plane, if one was started. It
// returns the exit code. What takes minutes, building the programs for the
// first time, it does before the first test, so that it does not count for the
// time limit of `go test`.
func Run(m *testing.M, o controlplane.Options, setup ...Setup) int {
	if o.Progress == nil {
		o.Progress = os.Stderr
	}
	current = &shared{options: o, setup: setup}
	if !flag.Parsed() {
		flag.Parse()
	}
	if list := flag.Lookup("test.list"); o.Assets == "" && (list == nil || list.Value.String() == "") {
		// Should it fail, those tests fail that need it, and say why.
		current.options.Assets, current.err = controlplane.Assets(context.Background(), o.Progress)
	}
	code := m.Run()
	if err := current.stop(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "stop the control plane:", err)
		code = max(code, 1)
	}
	return code
}

// Shared is the control plane of this test binary. It ends the test if there
// is none.
func Shared(tb testing.TB) *controlplane.ControlPlane {
	tb.Helper()
	if current == nil {
		tb.Fatal("controlplanetest.Shared needs a TestMain that calls controlplanetest.Run")
	}
	current.once.Do(current.start)
	if current.err != nil {
		tb.Fatal(current.err)
	}
	return current.plane
}

// Config is the administrator's configuration of Shared, for the test to
// change as it likes.
func Config(tb testing.TB) *rest.Config {
	tb.Helper()
	return rest.CopyConfig(Shared(tb).Config)
}

func (s *shared) start() {
	if s.err != nil {
		return
	}
	ctx := context.Background()
	if s.plane, s.err = controlplane.Start(ctx, s.options); s.err != nil {
		return
	}
	for _, do := range s.setup {
		if s.err = do(ctx, s.plane); s.err != nil {
			s.err = fmt.Errorf("set up the control plane: %w", s.err)
			return
		}
	}
}

func (s *shared) stop() error {
	if s.plane == nil {
		return nil
	}
	return s.plane.Stop()
}
