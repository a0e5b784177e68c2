// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// behind is a client whose watch never shows what was written last.
type behind struct {
	client.Client
	waited int
}

func (b *behind) Get(ctx context.Context, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	if !(&client.GetOptions{}).ApplyOptions(options).DisableReadYourWritesConsistency {
		b.waited++
		<-ctx.Done()
		return ctx.Err()
	}
	o.SetName(key.Name)
	return ctx.Err()
}

// A write that the watch will never show, as after a restore of the API server's
// data, holds nobody up for long.
func TestReadDoesNotWaitForEver(t *testing.T) {
	c := &behind{}
	r := &Reconciler{Client: c}
	app := &v1alpha1.Application{}
	if err := r.read(t.Context(), client.ObjectKey{Name: "web"}, app); err != nil || app.Name != "web" || c.waited != 1 {
		t.Errorf("read %q after %d waits: %v", app.Name, c.waited, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.read(ended, client.ObjectKey{Name: "web"}, app); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever asked is gone: %v", err)
	}
}
