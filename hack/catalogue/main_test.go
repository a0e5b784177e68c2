// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommittedCatalogue fails when a table was changed and the catalogue was
// not written anew.
func TestCommittedCatalogue(t *testing.T) {
	if err := run([]string{"-data", "data", "-out", "../../config/samples/mainz", "-check"}, &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

func TestWriteThenCheck(t *testing.T) {
	out := t.TempDir()
	args := []string{"-data", "data", "-out", out}
	check := func() error { return run(append(args, "-check"), &bytes.Buffer{}, &bytes.Buffer{}) }
	write := func() {
		t.Helper()
		var stdout bytes.Buffer
		if err := run(args, &stdout, &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(stdout.String(), "49 units") {
			t.Errorf("told: %q", stdout.String())
		}
	}
	path := func(name string) string { return filepath.Join(out, filepath.FromSlash(name)) }

	if err := check(); err == nil || !strings.Contains(err.Error(), "30-applications/kdz-16.yaml: is missing") {
		t.Errorf("check of an empty folder: %v", err)
	}
	write()
	if err := check(); err != nil {
		t.Errorf("check of what was just written: %v", err)
	}

	generated, err := os.ReadFile(path("kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path(name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("40-projects/amt-10.yaml", []byte("spoilt"))
	put("30-applications/amt-99.yaml", generated)
	put("README.md", []byte("# by hand"))
	err = check()
	if err == nil {
		t.Fatal("check does not see what differs")
	}
	for _, want := range []string{"40-projects/amt-10.yaml: differs", "30-applications/amt-99.yaml: is no longer generated"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("check: got %v, want it to contain %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "README.md") || strings.Contains(err.Error(), "kdz-16.yaml") {
		t.Errorf("check names a file that is as it should be: %v", err)
	}

	write()
	if err := check(); err != nil {
		t.Errorf("check after writing again: %v", err)
	}
	if _, err := os.Stat(path("30-applications/amt-99.yaml")); !os.IsNotExist(err) {
		t.Errorf("a file that is no longer generated is still there: %v", err)
	}
	if content, err := os.ReadFile(path("README.md")); err != nil || string(content) != "# by hand" {
		t.Errorf("a file that people wrote was touched: %q, %v", content, err)
	}
}

func TestBadTablesAreTold(t *testing.T) {
	data := t.TempDir()
	if err := os.CopyFS(data, os.DirFS("data")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, "dependencies.csv")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(content, "16,netzwerk,16,nichts,Hard\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	err = run([]string{"-data", data, "-out", out}, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "dependencies.csv:118:16: on_application: ") {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) > 0 {
		t.Errorf("bad tables still write %v, %v", entries, err)
	}
}

func TestUnknownFlag(t *testing.T) {
	var stderr bytes.Buffer
	if err := run([]string{"-force"}, &bytes.Buffer{}, &stderr); err == nil || !strings.Contains(stderr.String(), "-check") {
		t.Errorf("got %v and %q", err, stderr.String())
	}
}
