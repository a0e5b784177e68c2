// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

// Kustomizations and the chart, from the root of the repository.
const (
	installation = "config/default"
	policy       = "config/policy"
	monitoring   = "config/prometheus"
	chartFolder  = "charts/kdz-operator"
)

// tools are the programs that the command runs.
type tools struct {
	kustomize string
	helm      string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	flags := flag.NewFlagSet("chart", flag.ContinueOnError)
	var t tools
	flags.StringVar(&t.kustomize, "kustomize", "kustomize", "the kustomize program")
	flags.StringVar(&t.helm, "helm", "helm", "the helm program; verify needs it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "render":
		return t.render(ctx)
	case "verify":
		return t.verify(ctx)
	}
	return errors.New("usage: chart [-kustomize FILE] [-helm FILE] render|verify")
}

// render writes the chart's templates anew.
func (t tools) render(ctx context.Context) error {
	var objects []object
	for _, folder := range []string{installation, policy, monitoring} {
		more, err := t.build(ctx, folder)
		if err != nil {
			return err
		}
		objects = append(objects, more...)
	}
	files, err := templates(objects)
	if err != nil {
		return err
	}
	return replaceRendered(filepath.Join(chartFolder, "templates"), files)
}

// build returns the objects of a kustomization.
func (t tools) build(ctx context.Context, folder string) ([]object, error) {
	out, err := output(ctx, t.kustomize, "build", folder)
	if err != nil {
		return nil, err
	}
	return decode(out)
}

// replaceRendered removes the files that an earlier run rendered and writes
// those of this one. Files written by hand, which lack the mark, stay.
func replaceRendered(folder string, files map[string][]byte) error {
	present, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, path := range present {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(content, []byte(mark)) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("%s is written by hand, but an object of config renders to this name", path)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// output runs a program and returns what it prints; what it complains of
// becomes part of the error.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %v: %w\n%s%s", filepath.Base(program), args, err, out, stderr.Bytes())
	}
	return out, nil
}
