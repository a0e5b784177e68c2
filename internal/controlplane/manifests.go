// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// fieldManager is as whom manifests are applied.
const fieldManager = "kdz-controlplane"

// kustomization is the kind of a file that is for kustomize, and no object.
const kustomization = "Kustomization"

// Apply applies the objects in the YAML files of paths (files, or folders
// without those below them) as the administrator, in the order of their names
// and of their documents, and takes fields over from others. Kustomizations are
// left out; that there is no object at all is an error. It returns when the API
// server has stored them; see AwaitAdmission for those that have to act first.
func (cp *ControlPlane) Apply(ctx context.Context, paths ...string) error {
	objects, err := readManifests(paths)
	if err != nil {
		return err
	}
	to, err := client.New(cp.Config, client.Options{Scheme: runtime.NewScheme(), Log: logr.Discard()})
	if err != nil {
		return err
	}
	for _, o := range objects {
		configuration := client.ApplyConfigurationFromUnstructured(o)
		if err := to.Apply(ctx, configuration, client.FieldOwner(fieldManager), client.ForceOwnership); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// readManifests reads the objects of files and folders.
func readManifests(paths []string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		files, err := manifestFiles(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			more, err := readManifest(file)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			objects = append(objects, more...)
		}
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("no object in %q", paths)
	}
	return objects, nil
}

// manifestFiles is the file itself, or the YAML files of a folder by name.
func manifestFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	files, err := filepath.Glob(filepath.Join(path, "*.yaml"))
	slices.Sort(files)
	return files, err
}

func readManifest(file string) ([]*unstructured.Unstructured, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		o := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(document, &o.Object); err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		if len(o.Object) == 0 || o.GetKind() == kustomization {
			continue // a comment, or none for the API server
		}
		if o.GetAPIVersion() == "" || o.GetKind() == "" || o.GetName() == "" {
			return nil, fmt.Errorf("document %d: an object needs apiVersion, kind and metadata.name", number)
		}
		objects = append(objects, o)
	}
}
