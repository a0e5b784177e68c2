// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The test's binary is also the children's.
func TestMain(m *testing.M) {
	workers["hash"] = hashWorker
	workers["fails"] = func(context.Context, json.RawMessage) (window, error) {
		return func(context.Context, time.Duration) (*sample, error) { return nil, errors.New("the server said no") }, nil
	}
	workers["dies"] = func(context.Context, json.RawMessage) (window, error) {
		_, _ = io.WriteString(os.Stderr, "out of luck")
		os.Exit(3)
		return nil, nil
	}
	if len(os.Args) == 2 && os.Args[1] == "-child" {
		main()
		return
	}
	os.Exit(m.Run())
}

// hashWorker computes so many hashes in each operation.
func hashWorker(ctx context.Context, args json.RawMessage) (window, error) {
	hashes, err := decode[int](args)
	if err != nil {
		return nil, err
	}
	run, err := loop(ctx, func(context.Context, int) error {
		block := make([]byte, 64)
		for range hashes {
			digest := sha256.Sum256(block)
			copy(block, digest[:])
		}
		return nil
	})
	return func(ctx context.Context, length time.Duration) (*sample, error) {
		s, err := run(ctx, length)
		if err == nil {
			s.Values = map[string]float64{"pid": float64(os.Getpid())}
		}
		return s, err
	}, err
}

// fake measures one against four times the work.
func fake(name, worker string) row {
	return row{name: name, about: "Nothing of use.", measure: func(ctx context.Context, b *bench) ([]line, error) {
		l, err := b.compare(ctx, comparison{
			what:   name,
			ours:   side{leg: b.legOf(worker, 400, nil)},
			theirs: side{"lazier loop", b.legOf("hash", 100, nil)},
			figure: perCPU, goal: atLeast(0.9),
		})
		return []line{l}, err
	}}
}

func withRows(t *testing.T, with ...row) {
	t.Helper()
	real := rows
	rows = with
	t.Cleanup(func() { rows = real })
}

func TestRun(t *testing.T) {
	withRows(t, fake("hash", "hash"))
	out := filepath.Join(t.TempDir(), "benchmarks.md")
	var printed, progress strings.Builder
	if err := run(t.Context(), []string{"-seconds", "0.3", "-rounds", "2", "-out", out}, &printed, &progress); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != printed.String() {
		t.Errorf("written:\n%s\nprinted:\n%s", written, &printed)
	}
	// Four times the work: far from 0.9, however busy the machine is.
	if !regexp.MustCompile(`(?m)^\| hash .*/CPU-s; .* lazier loop: .* 0\.[12345].* ≥ 0.9 × *\| \*\*no\*\*`).Match(written) {
		t.Errorf("printed:\n%s", written)
	}
	if n := strings.Count(progress.String(), "round "); n != 2 {
		t.Errorf("%d rounds:\n%s", n, &progress)
	}
	for _, f := range append(machine(t.Context()), fact{"Go", ""}) {
		if !strings.Contains(string(written), "* "+f.name+": ") {
			t.Errorf("%s is not told", f.name)
		}
	}
}

func TestFailingRowKeepsTheOthers(t *testing.T) {
	withRows(t, fake("first", "fails"), fake("second", "dies"), fake("third", "hash"))
	out := filepath.Join(t.TempDir(), "benchmarks.md")
	var printed strings.Builder
	err := run(t.Context(), []string{"-seconds", "0.3", "-rounds", "2", "-out", out}, &printed, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "row first: first, ours: the server said no") ||
		!strings.Contains(err.Error(), "exit status 3\nout of luck") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(printed.String(), "| third ") {
		t.Errorf("printed:\n%s", &printed)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("the file was written: %v", err)
	}
}

func TestOnlyAWholeRunIsWritten(t *testing.T) {
	quick := func(name string) row {
		return row{name: name, measure: func(context.Context, *bench) ([]line, error) {
			return []line{absolute(name, 1, count, "", goal{})}, nil
		}}
	}
	withRows(t, quick("one"), quick("two"))
	for args, want := range map[string]bool{"": true, "-rows=one": false, "-rows=one|two": true, "-short": false} {
		out := filepath.Join(t.TempDir(), "benchmarks.md")
		var printed strings.Builder
		if err := run(t.Context(), append(strings.Fields(args), "-out", out), &printed, io.Discard); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(out); (err == nil) != want {
			t.Errorf("%q: written: %t", args, err == nil)
		}
		if !strings.Contains(printed.String(), "| one ") || strings.Contains(printed.String(), "| two ") != (args != "-rows=one") {
			t.Errorf("%q printed:\n%s", args, &printed)
		}
	}
}

func TestWhatCannotBeIsToldAtOnce(t *testing.T) {
	nobody := row{name: "nobody", needs: []string{"no-such-program-here"}, measure: func(context.Context, *bench) ([]line, error) {
		return nil, errors.New("it was tried")
	}}
	withRows(t, nobody)
	for args, want := range map[string]string{
		"":                         "not installed: no-such-program-here. As root, hack/install-test-servers.sh",
		"-rows=nothing":            "no row matches -rows; there are nobody",
		"-rows=(":                  "-rows: error parsing regexp",
		"-rounds=1":                "needs 2 at least",
		"-seconds=0":               "-seconds is not between",
		"http":                     `what is "http"?`,
		"-no-such":                 "flag provided but not defined",
		"-out=/no/such/folder/out": "not installed",
	} {
		err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
	nobody.needs = nil
	withRows(t, nobody)
	if err := run(t.Context(), []string{"-out=/no/such/folder/out"}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("%v", err)
	}
}

func TestSidesTakeTurns(t *testing.T) {
	var order strings.Builder
	of := func(name string, operations int64) leg {
		return func(context.Context) (*sample, error) {
			order.WriteString(name)
			return &sample{Operations: operations, CPU: time.Second}, nil
		}
	}
	b := &bench{rounds: 3, progress: io.Discard}
	l, err := b.compare(t.Context(), comparison{ours: side{leg: of("A", 300)}, theirs: side{"B", of("B", 200)}, figure: perCPU})
	if err != nil || order.String() != "ABBAABBAABBA" || l.ratio != (ratio{l.ratio.mean, l.ratio.low, l.ratio.high, 3}) || !near(l.ratio.mean, 1.5, 1e-9) {
		t.Errorf("%s: %+v, %v", &order, l, err)
	}
	_, err = b.compare(t.Context(), comparison{what: "idling", ours: side{leg: of("A", 300)}, theirs: side{"B", of("B", 0)}, figure: perCPU})
	if err == nil || !strings.Contains(err.Error(), "idling, B: nothing that can be compared") {
		t.Errorf("%v", err)
	}
	instantly := func(context.Context) (*sample, error) { return &sample{Operations: 1}, nil }
	_, err = b.compare(t.Context(), comparison{what: "hurrying", ours: side{leg: instantly}, theirs: side{"B", of("B", 1)}, figure: perCPU})
	if err == nil || !strings.Contains(err.Error(), "hurrying, ours: nothing that can be compared") {
		t.Errorf("%v", err)
	}
}

func TestEachTurnIsANewProcess(t *testing.T) {
	b := &bench{turn: 300 * time.Millisecond}
	turn := b.legOf("hash", 1, nil)
	seen := map[float64]bool{float64(os.Getpid()): true}
	for range 3 {
		s, err := turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Operations == 0 || s.Wall < b.turn || s.CPU == 0 || seen[s.Values["pid"]] {
			t.Errorf("%d operations in %s with %s of CPU by process %.0f", s.Operations, s.Wall, s.CPU, s.Values["pid"])
		}
		seen[s.Values["pid"]] = true
	}
	// Another process is charged, which does nothing.
	lazy, err := start(t.Context(), exec.Command("sleep", "600"))
	if err != nil {
		t.Fatal(err)
	}
	idle := b.legOf("hash", 1, func(int) []int { return []int{lazy.pid()} })
	if s, err := idle(t.Context()); err != nil || s.Operations == 0 || s.CPU > 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if err := lazy.stop(); err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("%v", err)
	}
}

func TestChildEndsWithTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, err := begin(ctx, "hash", 1)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := c.window(time.Hour); err == nil {
		t.Error("the child works although nobody wants to know")
	}
	<-c.process.ended
}

func TestUnknownWorker(t *testing.T) {
	if _, err := begin(t.Context(), "nobody", nil); err == nil || !strings.Contains(err.Error(), `there is no worker "nobody"`) {
		t.Errorf("%v", err)
	}
}

// What a row asks for by name is not checked by the compiler.
func TestRowsAreToldApart(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows {
		if r.name == "" || seen[r.name] || r.about == "" || r.measure == nil {
			t.Errorf("row %q", r.name)
		}
		seen[r.name] = true
	}
}
