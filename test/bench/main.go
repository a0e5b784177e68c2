// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "-child" {
		if err := work(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	rows         *regexp.Regexp
	rounds       int
	turn         time.Duration
	large, short bool
	out          string
}

const (
	defaultRounds = 5
	minRounds     = 2
	defaultTurn   = 3 * time.Second
	shortTurn     = time.Second
)

// parse reads the flags.
func parse(args []string, output io.Writer) (*settings, error) {
	s := &settings{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(output)
	var pattern string
	var seconds float64
	flags.StringVar(&pattern, "rows", "", "measure only rows whose name matches this `regexp`: "+strings.Join(names(), ", "))
	flags.IntVar(&s.rounds, "rounds", defaultRounds, "rounds of A B B A, at least 2")
	flags.Float64Var(&seconds, "seconds", defaultTurn.Seconds(), "how long one turn of one side takes")
	flags.BoolVar(&s.large, "large", false, "with 100,000 Applications where a row has 10,000 (needs memory and time)")
	flags.BoolVar(&s.short, "short", false, "a quick look: 2 rounds of 1 s, and long rows shortened; nothing is written to a file")
	flags.StringVar(&s.out, "out", filepath.Join("docs", "benchmarks.md"), "`file` to write to when all rows were measured")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("what is %q? There are only flags: see -help", flags.Arg(0))
	}
	var err error
	if s.rows, err = regexp.Compile(pattern); err != nil {
		return nil, fmt.Errorf("-rows: %w", err)
	}
	s.turn = time.Duration(seconds * float64(time.Second))
	if s.short {
		s.rounds, s.turn = minRounds, shortTurn
	}
	if s.rounds < minRounds {
		return nil, fmt.Errorf("-rounds is %d, but a confidence interval needs %d at least", s.rounds, minRounds)
	}
	if s.turn < 100*time.Millisecond || s.turn > time.Hour {
		return nil, errors.New("-seconds is not between 0.1 and 3600: processor time is counted in 1/100 s")
	}
	return s, nil
}

func names() []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.name)
	}
	return out
}

// run measures, prints and writes.
func run(ctx context.Context, args []string, output, progress io.Writer) error {
	s, err := parse(args, progress)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !s.rows.MatchString(r.name) })
	if len(chosen) == 0 {
		return fmt.Errorf("no row matches -rows; there are %s", strings.Join(names(), ", "))
	}
	if err := present(chosen); err != nil {
		return err
	}
	write := len(chosen) == len(rows) && !s.short
	if write {
		// Rather now than after half an hour.
		if info, err := os.Stat(filepath.Dir(s.out)); err != nil || !info.IsDir() {
			return fmt.Errorf("-out is %s, but there is no such folder: run it at the root of the repository", s.out)
		}
	}
	dir, err := os.MkdirTemp("", "kdz-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{rounds: s.rounds, turn: s.turn, short: s.short, large: s.large, dir: dir, progress: progress}
	d := &document{
		at: time.Now(), command: strings.Join(append([]string{"go run ./test/bench"}, args...), " "),
		rounds: s.rounds, turn: s.turn, machine: machine(ctx), versions: versions(ctx),
	}
	failure := d.measure(ctx, b, chosen)
	failure = errors.Join(failure, b.dropFleet())
	d.took = time.Since(d.at)
	if _, err := io.WriteString(output, d.markdown()); err != nil {
		return errors.Join(failure, err)
	}
	if failure != nil || !write {
		return failure
	}
	b.say("written to %s", s.out)
	return os.WriteFile(s.out, []byte(d.markdown()), 0o644)
}

// measure measures the rows. One that fails does not keep the others from being
// measured.
func (d *document) measure(ctx context.Context, b *bench, chosen []row) error {
	var failures []error
	for i := range chosen {
		r := &chosen[i]
		b.say("row %s", r.name)
		lines, err := r.measure(ctx, b)
		if ctx.Err() != nil {
			return errors.Join(append(failures, errors.New("interrupted"))...)
		}
		if err != nil {
			b.say("  failed: %v", err)
			failures = append(failures, fmt.Errorf("row %s: %w", r.name, err))
		}
		d.rows = append(d.rows, measured{r, lines})
	}
	return errors.Join(failures...)
}

// present returns an error that says how to install what is missing.
func present(chosen []row) error {
	var missing []string
	for _, r := range chosen {
		for _, program := range r.needs {
			if lookFor(program) == "" && !slices.Contains(missing, program) {
				missing = append(missing, program)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("not installed: %s. As root, hack/install-test-servers.sh installs them from Debian's packages; "+
		"-rows chooses rows that do without", strings.Join(missing, ", "))
}
