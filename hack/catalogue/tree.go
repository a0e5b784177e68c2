// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"kdz.mainz.de/operator/hack/catalogue/internal/mainz"
)

// tree is the folder that holds the generated files, beside others that people
// wrote.
type tree struct{ root string }

// write writes the files and removes those that were generated once and are
// no longer wanted. A file that is the same already is left alone.
func (t tree) write(files map[string][]byte) error {
	differing, err := t.compare(files)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(differing)) {
		path := filepath.Join(t.root, filepath.FromSlash(name))
		content, wanted := files[name]
		if !wanted {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("removing what is no longer generated: %w", err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making the folder of %s: %w", name, err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	return nil
}

// differing returns the files that are not as they should be, each with what
// is wrong, sorted.
func (t tree) differing(files map[string][]byte) ([]string, error) {
	differing, err := t.compare(files)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(differing)) {
		list = append(list, name+": "+differing[name])
	}
	return list, nil
}

// compare says what is wrong with each file that is not as it should be.
func (t tree) compare(files map[string][]byte) (map[string]string, error) {
	differing := map[string]string{}
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join(t.root, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			differing[name] = "is missing"
		case err != nil:
			return nil, fmt.Errorf("comparing: %w", err)
		case !bytes.Equal(have, want):
			differing[name] = "differs"
		}
	}
	stale, err := t.stale(files)
	for _, name := range stale {
		differing[name] = "is no longer generated"
	}
	return differing, err
}

// stale returns the files that were generated once and are not wanted now.
func (t tree) stale(files map[string][]byte) ([]string, error) {
	var stale []string
	err := filepath.WalkDir(t.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if errors.Is(err, fs.ErrNotExist) && path == t.root {
				return nil
			}
			return err
		}
		name, err := filepath.Rel(t.root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if _, wanted := files[name]; wanted {
			return nil
		}
		content, err := os.ReadFile(path)
		if err == nil && bytes.HasPrefix(content, []byte(mainz.Header)) {
			stale = append(stale, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for files that are no longer generated: %w", err)
	}
	return stale, nil
}
