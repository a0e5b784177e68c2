// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSourceKey(t *testing.T) {
	source := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module a\n")
	key := func(more ...string) string {
		t.Helper()
		k, err := sourceKey(source, more...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	steps := []struct {
		name, file, content string
		more                []string
		changes             bool
	}{
		{name: "again", file: "go.mod", content: "module a\n"},
		{name: "go.mod", file: "go.mod", content: "module b\n", changes: true},
		{name: "go.sum", file: "go.sum", content: "a v1 h1:x\n", changes: true},
		{name: "a Go file", file: "main.go", content: "package main\n", changes: true},
		{name: "a Go file in a folder", file: "sub/sub.go", content: "package sub\n", changes: true},
		{name: "what moves from one file to the next", file: "main.go", content: "package main\npackage sub\n", changes: true},
		{name: "a test", file: "main_test.go", content: "package main\n"},
		{name: "words", file: "README.md", content: "words\n"},
		{name: "another Go", file: "README.md", content: "words\n", more: []string{"go1.99"}, changes: true},
	}
	last := key()
	for _, s := range steps {
		write(s.file, s.content)
		k := key(s.more...)
		if (k != last) != s.changes {
			t.Errorf("%s: key %s after %s, want changed = %t", s.name, k, last, s.changes)
		}
		last = k
	}
}

func TestSourceKeyOfNoModule(t *testing.T) {
	if _, err := sourceKey(t.TempDir()); err == nil {
		t.Error("an empty folder has a key")
	}
	if _, err := sourceKey(filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a folder that is not there has a key")
	}
}

func TestFindModule(t *testing.T) {
	root := t.TempDir()
	nested := filepath.Join(root, "hack", "controlplane", "deep")
	if err := os.MkdirAll(nested, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, module := range map[string]string{"go.mod": modulePath, "hack/controlplane/go.mod": modulePath + "/hack/controlplane"} {
		if err := os.WriteFile(filepath.Join(root, file), []byte("// words\nmodule "+module+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{root, nested} {
		if got, ok := findModule(dir); !ok || got != root {
			t.Errorf("findModule(%s) = %s, %t, want %s", dir, got, ok, root)
		}
	}
	if got, ok := findModule(t.TempDir()); ok {
		t.Errorf("found %s above a folder that is in no checkout", got)
	}
}
