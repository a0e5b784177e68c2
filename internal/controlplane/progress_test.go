// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestReporterPlain(t *testing.T) {
	var out bytes.Buffer
	c := clocktesting.NewFakeClock(time.Unix(0, 0))
	r := newReporter(&out, c)
	for range 120 { // two minutes, each second
		r.report("building")
		c.Step(time.Second)
	}
	r.finish("built")
	want := []string{
		"building … 0s", "building … 15s", "building … 30s", "building … 45s", "building … 1m0s",
		"building … 1m15s", "building … 1m30s", "building … 1m45s", "built … 2m0s", "",
	}
	if diff := cmp.Diff(want, strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReporterTerminal(t *testing.T) {
	var out bytes.Buffer
	c := clocktesting.NewFakeClock(time.Unix(0, 0))
	r := newReporter(&out, c)
	r.terminal = true
	r.report("a long line")
	c.Step(time.Second)
	r.report("short")
	r.finish("done")
	want := "\ra long line … 0s" + "\rshort … 1s      " + "\rdone … 1s \n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReporterOfNothing(t *testing.T) {
	var r *reporter
	r.finish("")
	var out bytes.Buffer
	newReporter(&out, clocktesting.NewFakeClock(time.Unix(0, 0))).finish("")
	if out.Len() > 0 {
		t.Errorf("said %q", out.String())
	}
}

func TestBuildLog(t *testing.T) {
	log := newBuildLog(nil)
	said := "go: downloading k8s.io/api v0.36.3\n" +
		"internal/cpu\nk8s.io/api/core/v1\nvendor/golang.org/x/net/dns/dnsmessage\n" +
		"# kdz.mainz.de/operator/hack/controlplane\n" +
		"./main.go:12:3: undefined: x\n" +
		"no newline"
	for _, b := range []byte(said) { // in the smallest pieces
		if n, err := log.Write([]byte{b}); n != 1 || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if diff := cmp.Diff(", 1 modules fetched, 3 packages compiled", log.counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	want := "\t# kdz.mainz.de/operator/hack/controlplane\n\t./main.go:12:3: undefined: x\n\tno newline"
	if diff := cmp.Diff(want, log.tail()); diff != "" {
		t.Errorf("tail (-want +got):\n%s", diff)
	}
}

func TestBuildLogKeepsTheEnd(t *testing.T) {
	log := newBuildLog(nil)
	for range 1000 {
		_, _ = log.Write([]byte("an early line\n"))
	}
	for range keptLines {
		_, _ = log.Write([]byte("a late line\n"))
	}
	if got := log.tail(); strings.Contains(got, "early") || strings.Count(got, "late") != keptLines {
		t.Errorf("tail is not the last %d lines:\n%s", keptLines, got)
	}
}
