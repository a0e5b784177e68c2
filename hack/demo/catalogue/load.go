// SPDX-License-Identifier: Apache-2.0

// Package catalogue reads a catalogue of manifests in layers and applies it to
// an API server, layer by layer.
//
// Of kustomize it understands just what config/samples uses, a list of
// resources, and refuses the rest rather than apply something else than
// kustomize would. It does not know what is in the manifests, but for handing
// out the kinds that its callers look at.
package catalogue

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Object is one manifest.
type Object struct {
	*unstructured.Unstructured
	// File that it stands in.
	File string
}

// String names the object for messages, file first.
func (o Object) String() string {
	name := o.GetName()
	if o.GetNamespace() != "" {
		name = o.GetNamespace() + "/" + name
	}
	return fmt.Sprintf("%s: %s %s", o.File, o.GetKind(), name)
}

// Layer is what may be applied at once, when all layers before it are there.
type Layer struct {
	// Name of the layer: its folder's.
	Name string
	// Files of the layer in order, each with its objects.
	Files [][]Object
}

// Count is how many objects the layer has.
func (l Layer) Count() int {
	n := 0
	for _, f := range l.Files {
		n += len(f)
	}
	return n
}

// Has is whether the layer has an object of one of our kinds.
func (l Layer) Has(kind string) bool {
	return slices.ContainsFunc(slices.Concat(l.Files...), func(o Object) bool { return o.is(kind) })
}

// is says whether an object is of one of our kinds.
func (o Object) is(kind string) bool {
	return o.GetKind() == kind && o.GroupVersionKind().Group == v1alpha1.GroupVersion.Group
}

// Catalogue is a catalogue as it was read.
type Catalogue struct {
	// Layers in the order in which they are to be applied.
	Layers []Layer
}

// kustomization is what is understood of a kustomization.yaml.
type kustomization struct {
	APIVersion  string   `json:"apiVersion"`
	Kind        string   `json:"kind"`
	SortOptions any      `json:"sortOptions"`
	Resources   []string `json:"resources"`
}

// Load reads the catalogue in a folder whose kustomization.yaml lists a folder
// for each layer. Errors name the file.
func Load(dir string) (*Catalogue, error) {
	top, err := readKustomization(dir)
	if err != nil {
		return nil, err
	}
	c := &Catalogue{}
	for _, name := range top.Resources {
		layer := Layer{Name: name}
		if layer.Files, err = load(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		c.Layers = append(c.Layers, layer)
	}
	if len(c.Objects()) == 0 {
		return nil, fmt.Errorf("%s: there is no object in any layer", dir)
	}
	return c, c.checkUnique()
}

// load reads a file, or the files that a folder's kustomization lists.
func load(path string) ([][]Object, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		objects, err := readFile(path)
		return [][]Object{objects}, err
	}
	k, err := readKustomization(path)
	if err != nil {
		return nil, err
	}
	var files [][]Object
	for _, name := range k.Resources {
		more, err := load(filepath.Join(path, name))
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

func readKustomization(dir string) (kustomization, error) {
	var k kustomization
	file := filepath.Join(dir, "kustomization.yaml")
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return k, fmt.Errorf("%s is no layer of a catalogue: it has no kustomization.yaml", dir)
	}
	if err != nil {
		return k, err
	}
	if err := yaml.UnmarshalStrict(content, &k); err != nil {
		return k, fmt.Errorf("%s: only a list of resources is understood here: %w", file, err)
	}
	for _, name := range k.Resources {
		if !filepath.IsLocal(name) {
			return k, fmt.Errorf("%s: resource %q is not below the folder", file, name)
		}
	}
	return k, nil
}

// readFile reads the manifests in a file.
func readFile(file string) ([]Object, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(content, file)
}

// Parse reads manifests in YAML; file says in messages where they come from.
func Parse(content []byte, file string) ([]Object, error) {
	r := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	var objects []Object
	for number := 1; ; number++ {
		document, err := r.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", file, number, err)
		}
		fields := map[string]any{}
		if err := yaml.UnmarshalStrict(document, &fields); err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", file, number, err)
		}
		if len(fields) == 0 {
			continue // a comment
		}
		o := Object{File: file, Unstructured: &unstructured.Unstructured{Object: fields}}
		if o.GetAPIVersion() == "" || o.GetKind() == "" || o.GetName() == "" {
			return nil, fmt.Errorf("%s: document %d: an object needs apiVersion, kind and metadata.name", file, number)
		}
		objects = append(objects, o)
	}
}

// checkUnique returns an error if an object stands in the catalogue twice: the
// later one would silently win.
func (c *Catalogue) checkUnique() error {
	type key struct{ group, kind, namespace, name string }
	first := map[key]Object{}
	var errs []error
	for _, o := range c.Objects() {
		k := key{o.GroupVersionKind().Group, o.GetKind(), o.GetNamespace(), o.GetName()}
		if before, ok := first[k]; ok {
			errs = append(errs, fmt.Errorf("%s: stands in %s already", o, before.File))
		}
		first[k] = o
	}
	return errors.Join(errs...)
}

// Objects are all objects in the order in which they are to be applied.
func (c *Catalogue) Objects() []Object {
	var all []Object
	for _, l := range c.Layers {
		for _, f := range l.Files {
			all = append(all, f...)
		}
	}
	return all
}

// Applications are those of the catalogue, without what the API server fills
// in.
func (c *Catalogue) Applications() ([]v1alpha1.Application, error) {
	return convert[v1alpha1.Application](c, "Application")
}

// Units are those of the catalogue, without what the API server fills in.
func (c *Catalogue) Units() ([]v1alpha1.OrganisationalUnit, error) {
	return convert[v1alpha1.OrganisationalUnit](c, "OrganisationalUnit")
}

// ServiceLevels are those of the catalogue, without what the API server fills
// in.
func (c *Catalogue) ServiceLevels() ([]v1alpha1.ServiceLevel, error) {
	return convert[v1alpha1.ServiceLevel](c, "ServiceLevel")
}

// Numbers gives the number of the unit that each namespace belongs to.
func (c *Catalogue) Numbers() (map[string]string, error) {
	units, err := c.Units()
	if err != nil {
		return nil, err
	}
	numbers := map[string]string{}
	for _, o := range c.Objects() {
		if o.GetKind() != "Namespace" {
			continue
		}
		name := o.GetLabels()[v1alpha1.LabelUnit]
		i := slices.IndexFunc(units, func(u v1alpha1.OrganisationalUnit) bool { return u.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%s: label %s names the unit %q, which the catalogue does not have", o, v1alpha1.LabelUnit, name)
		}
		numbers[o.GetName()] = units[i].Spec.Number
	}
	return numbers, nil
}

// convert hands out the objects of one of our kinds.
func convert[T any, P interface {
	*T
	runtime.Object
}](c *Catalogue, kind string) ([]T, error) {
	var all []T
	for _, o := range c.Objects() {
		if !o.is(kind) {
			continue
		}
		content, err := o.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o, err)
		}
		var typed T
		if err := v1alpha1.UnmarshalStrict(content, P(&typed)); err != nil {
			return nil, fmt.Errorf("%s: %w", o, err)
		}
		all = append(all, typed)
	}
	return all, nil
}
