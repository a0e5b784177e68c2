// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Client returns a client that reads as c does, and whose writes fail with
// ErrNotLeading unless this replica leads. A write that was sent is given up
// before the lease can have ended; whether it arrived is not known then.
func (l *Leadership) Client(c client.Client) client.Client {
	if l == nil {
		return c
	}
	return &gated{Client: c, leadership: l}
}

// write calls do with a context that ends before the lease can have ended.
func (l *Leadership) write(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel, err := l.admit(ctx)
	if err != nil {
		return err
	}
	defer l.writes.Done()
	defer cancel()
	if err = do(ctx); err != nil && errors.Is(context.Cause(ctx), ErrNotLeading) {
		return fmt.Errorf("%w: the lease was about to end: %w", ErrNotLeading, err)
	}
	return err
}

// admit lets a write pass the gate.
func (l *Leadership) admit(ctx context.Context) (context.Context, context.CancelFunc, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.leads() {
		return nil, nil, ErrNotLeading
	}
	l.writes.Add(1)
	if l.o.Lock == nil {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, nil
	}
	left := l.o.LeaseDuration - l.margin - l.o.Clock.Since(l.renewed)
	ctx, cancel := context.WithTimeoutCause(ctx, left, ErrNotLeading)
	return ctx, cancel, nil
}

type gated struct {
	client.Client
	leadership *Leadership
}

// Apply implements client.Writer.
func (g *gated) Apply(ctx context.Context, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.Client.Apply(ctx, o, opts...) })
}

// Create implements client.Writer.
func (g *gated) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.Client.Create(ctx, o, opts...) })
}

// Delete implements client.Writer.
func (g *gated) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.Client.Delete(ctx, o, opts...) })
}

// Update implements client.Writer.
func (g *gated) Update(ctx context.Context, o client.Object, opts ...client.UpdateOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.Client.Update(ctx, o, opts...) })
}

// Patch implements client.Writer.
func (g *gated) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.PatchOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.Client.Patch(ctx, o, p, opts...) })
}

// DeleteAllOf implements client.Writer.
func (g *gated) DeleteAllOf(ctx context.Context, o client.Object, opts ...client.DeleteAllOfOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.Client.DeleteAllOf(ctx, o, opts...) })
}

// Status implements client.StatusClient.
func (g *gated) Status() client.SubResourceWriter { return g.SubResource("status") }

// SubResource implements client.SubResourceClientConstructor.
func (g *gated) SubResource(name string) client.SubResourceClient {
	return &gatedSubResource{SubResourceClient: g.Client.SubResource(name), leadership: g.leadership}
}

type gatedSubResource struct {
	client.SubResourceClient
	leadership *Leadership
}

// Create implements client.SubResourceWriter.
func (g *gatedSubResource) Create(ctx context.Context, o, sub client.Object, opts ...client.SubResourceCreateOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.SubResourceClient.Create(ctx, o, sub, opts...) })
}

// Update implements client.SubResourceWriter.
func (g *gatedSubResource) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.SubResourceClient.Update(ctx, o, opts...) })
}

// Patch implements client.SubResourceWriter.
func (g *gatedSubResource) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.SubResourceClient.Patch(ctx, o, p, opts...) })
}

// Apply implements client.SubResourceWriter.
func (g *gatedSubResource) Apply(ctx context.Context, o runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
	return g.leadership.write(ctx, func(ctx context.Context) error { return g.SubResourceClient.Apply(ctx, o, opts...) })
}
