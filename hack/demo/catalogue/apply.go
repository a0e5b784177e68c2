// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Manager is the field manager under which the demo applies.
const Manager = "kdz-demo"

// parallel is how many objects of a file are applied at once.
const parallel = 8

// Apply applies the catalogue, layer by layer and file by file; the objects
// within a file in any order. before is called before each layer, and an error
// of it ends everything. It goes on within a file that has an error, so that the
// error names all objects of the file that were refused, and then stops.
func (c *Catalogue) Apply(ctx context.Context, to client.Client, before func(Layer) error) error {
	for _, layer := range c.Layers {
		if err := before(layer); err != nil {
			return err
		}
		for _, file := range layer.Files {
			if err := applyFile(ctx, to, file); err != nil {
				return fmt.Errorf("apply layer %s:\n%w", layer.Name, err)
			}
		}
	}
	return nil
}

func applyFile(ctx context.Context, to client.Client, objects []Object) error {
	errs := make([]error, len(objects))
	var g errgroup.Group
	g.SetLimit(parallel)
	for i, o := range objects {
		g.Go(func() error {
			if err := ApplyObject(ctx, to, o); err != nil {
				errs[i] = fmt.Errorf("%s: %w", o, err)
			}
			return nil
		})
	}
	_ = g.Wait() // errors are collected one by one
	return errors.Join(errs...)
}

// ApplyObject applies one object by server-side apply, as Manager, and takes
// fields over from others.
func ApplyObject(ctx context.Context, to client.Client, o Object) error {
	// The client writes what the server answers into the object.
	configuration := client.ApplyConfigurationFromUnstructured(o.DeepCopy())
	return to.Apply(ctx, configuration, client.FieldOwner(Manager), client.ForceOwnership)
}
