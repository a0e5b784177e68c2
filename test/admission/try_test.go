// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// verb is what a user asks for.
type verb string

// Verbs. Updates need an object that was read; apply needs an unstructured one
// without managedFields.
const (
	create       verb = "create"
	update       verb = "update"
	apply        verb = "apply"
	remove       verb = "delete"
	updateStatus verb = "update status"
	finalise     verb = "finalize"
)

// try asks for something without having it done, and returns why it is refused.
// The object is left as it is.
func (u user) try(v verb, o client.Object) error { return u.ask(v, o, true) }

// do is try, and has it done.
func (u user) do(v verb, o client.Object) error { return u.ask(v, o, false) }

func (u user) ask(v verb, o client.Object, dry bool) error {
	o = o.DeepCopyObject().(client.Object)
	var options struct {
		create []client.CreateOption
		update []client.UpdateOption
		remove []client.DeleteOption
		apply  []client.ApplyOption
		sub    []client.SubResourceUpdateOption
	}
	if dry {
		options.create = append(options.create, client.DryRunAll)
		options.update = append(options.update, client.DryRunAll)
		options.remove = append(options.remove, client.DryRunAll)
		options.apply = append(options.apply, client.DryRunAll)
		options.sub = append(options.sub, &client.SubResourceUpdateOptions{UpdateOptions: client.UpdateOptions{DryRun: []string{metav1.DryRunAll}}})
	}
	switch v {
	case create:
		return u.client.Create(u.ctx, o, options.create...)
	case update:
		return u.client.Update(u.ctx, o, options.update...)
	case remove:
		return u.client.Delete(u.ctx, o, options.remove...)
	case updateStatus:
		return u.client.Status().Update(u.ctx, o, options.sub...)
	case finalise:
		return u.client.SubResource("finalize").Update(u.ctx, o, options.sub...)
	case apply:
		plain := o.(*unstructured.Unstructured)
		return u.client.Apply(u.ctx, client.ApplyConfigurationFromUnstructured(plain), append(options.apply, client.FieldOwner(u.name))...)
	}
	return fmt.Errorf("no such verb: %s", v)
}

// tryRemoveAll asks to delete all objects of a kind at once, in a namespace if it
// is named, without having it done.
func (u user) tryRemoveAll(kind client.Object, namespace string) error {
	return u.client.DeleteAllOf(u.ctx, kind, client.InNamespace(namespace), client.DryRunAll)
}

// patch asks for a merge patch without having it done.
func (u user) patch(o client.Object, patch map[string]any) error {
	raw, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return u.client.Patch(u.ctx, o.DeepCopyObject().(client.Object), client.RawPatch(types.MergePatchType, raw), client.DryRunAll)
}

// refused says what is wrong with err as a refusal by a policy (its name before
// the first dot) with a message, which must be all that it says; nil if it is
// just that.
func refused(err error, policy, message string) error {
	if err == nil {
		return fmt.Errorf("accepted; it should be refused: %s", message)
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Reason != metav1.StatusReasonForbidden {
		return fmt.Errorf("not refused as Forbidden: %w", err)
	}
	name := policy + ".kdz.mainz.de"
	want := fmt.Sprintf("ValidatingAdmissionPolicy '%s' with binding '%s' denied request: %s", name, name, message)
	if !strings.HasSuffix(err.Error(), want) {
		return fmt.Errorf("refused otherwise: %w\nwant %s: %s", err, policy, message)
	}
	return nil
}

// mustRefuse checks that err is a refusal by a policy with exactly the message.
func mustRefuse(tb testing.TB, err error, policy, message string) {
	tb.Helper()
	if problem := refused(err, policy, message); problem != nil {
		tb.Error(problem)
	}
}

// mustAccept checks that nothing was refused.
func mustAccept(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Errorf("refused: %v", err)
	}
}

// stored has an object stored by the administrator until the test ends.
func stored[T client.Object](tb testing.TB, o T) T {
	tb.Helper()
	c := admin(tb)
	if err := c.Create(tb.Context(), o); err != nil {
		tb.Fatal(err)
	}
	ctx := as(tb, "somebody", nil).ctx
	tb.Cleanup(func() {
		if err := client.IgnoreNotFound(c.Delete(ctx, o.DeepCopyObject().(client.Object))); err != nil {
			tb.Error(err)
		}
	})
	return o
}

// mustBeGone waits until an object is gone.
func mustBeGone(tb testing.TB, o client.Object) {
	tb.Helper()
	eventually(tb, fmt.Sprintf("%T %s is gone", o, o.GetName()), func() error {
		err := admin(tb).Get(context.Background(), client.ObjectKeyFromObject(o), o.DeepCopyObject().(client.Object))
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("still there"), err)
	})
}

// unbind takes the bindings of a policy away, and returns what binds it again
// and waits until it acts.
func unbind(tb testing.TB, name string) (bind func()) {
	tb.Helper()
	c := admin(tb)
	ctx := context.WithoutCancel(tb.Context())
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}
	if err := c.Get(ctx, client.ObjectKey{Name: name}, binding); err != nil {
		tb.Fatal(err)
	}
	if err := c.Delete(ctx, binding); err != nil {
		tb.Fatal(err)
	}
	return func() {
		tb.Helper()
		again := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{Spec: binding.Spec}
		again.Name = name
		if err := c.Create(ctx, again); err != nil {
			tb.Fatal(err)
		}
		if err := awaitPolicies(ctx, c); err != nil {
			tb.Fatal(err)
		}
	}
}
