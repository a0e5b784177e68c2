// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// admissionTimeout is the longest that admission policies may take to act. The
// API server looks for new kinds of parameters several times a minute only.
const admissionTimeout = time.Minute

// InstallAdmission applies the YAML files of paths, as Apply does, and returns
// when every ValidatingAdmissionPolicy of the control plane acts; see
// AwaitAdmission. Install the definitions of what they are about before.
func (cp *ControlPlane) InstallAdmission(ctx context.Context, paths ...string) error {
	if err := cp.Apply(ctx, paths...); err != nil {
		return err
	}
	return cp.AwaitAdmission(ctx)
}

// AwaitAdmission returns when all ValidatingAdmissionPolicies and bindings that
// are stored by now act: until then requests pass them, or are refused because
// the kind of their parameters is not known yet. Where there is a
// kube-controller-manager, it has type-checked them, and a warning is an error.
func (cp *ControlPlane) AwaitAdmission(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, admissionTimeout, fmt.Errorf("not done after %s", admissionTimeout))
	defer cancel()
	clients, err := kubernetes.NewForConfig(cp.Config)
	if err != nil {
		return err
	}
	list, err := clients.AdmissionregistrationV1().ValidatingAdmissionPolicies().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("admission policies: %w", err)
	}
	kinds := []*admissionv1.ParamKind{nil}
	for i := range list.Items {
		p := &list.Items[i]
		kind := p.Spec.ParamKind
		if !slices.ContainsFunc(kinds, func(k *admissionv1.ParamKind) bool { return ptr.Equal(k, kind) }) {
			kinds = append(kinds, kind)
		}
		if !cp.hasControllerManager() {
			continue
		}
		if err := awaitTypeCheck(ctx, clients, p.Name); err != nil {
			return fmt.Errorf("admission policy %s: %w", p.Name, err)
		}
	}
	for _, kind := range kinds {
		if err := awaitActing(ctx, clients, kind); err != nil {
			return fmt.Errorf("wait until admission policies act: %w", err)
		}
	}
	return nil
}

// awaitTypeCheck returns when a policy was type-checked, with all warnings.
func awaitTypeCheck(ctx context.Context, clients kubernetes.Interface, name string) error {
	return pollUntil(ctx, func(ctx context.Context) (bool, error) {
		p, err := clients.AdmissionregistrationV1().ValidatingAdmissionPolicies().Get(ctx, name, metav1.GetOptions{})
		if err != nil || p.Status.ObservedGeneration != p.Generation || p.Status.TypeChecking == nil {
			return false, err
		}
		var warnings []error
		for _, w := range p.Status.TypeChecking.ExpressionWarnings {
			warnings = append(warnings, fmt.Errorf("%s: %s", w.FieldRef, w.Warning))
		}
		return true, errors.Join(warnings...)
	})
}

// sentinelMessage is what the sentinel without parameters refuses with, and
// sentinelNoParameters is what the API server says of one whose parameters it
// has looked for and not found.
const (
	sentinelMessage      = "the sentinel of the embedded control plane"
	sentinelNoParameters = "no params found"
)

// awaitActing creates a policy that refuses one object that nobody wants, and
// returns when that is refused. The API server takes policies in the order in
// which they were stored, so all earlier ones act by then. A sentinel with
// parameters names some that do not exist: that they were missed shows that
// their kind is known and all its objects have been read.
func awaitActing(ctx context.Context, clients kubernetes.Interface, kind *admissionv1.ParamKind) (err error) {
	name := "sentinel-" + rand.String(10) + ".controlplane.kdz.mainz.de"
	policies, bindings := clients.AdmissionregistrationV1().ValidatingAdmissionPolicies(), clients.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	policy, binding, refusal := sentinel(name, kind)
	if _, err := policies.Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		return err
	}
	// The sentinel goes, even if ctx has ended.
	late := context.WithoutCancel(ctx)
	defer func() { err = errors.Join(err, policies.Delete(late, name, metav1.DeleteOptions{})) }()
	if _, err := bindings.Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bindings.Delete(late, name, metav1.DeleteOptions{})) }()
	unwanted := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	last := errors.New("the sentinel does not act")
	err = pollUntil(ctx, func(ctx context.Context) (bool, error) {
		_, err := clients.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, unwanted, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case err == nil:
			return false, nil
		case apierrors.IsForbidden(err) || apierrors.IsInvalid(err):
			last = err
			return strings.Contains(err.Error(), refusal), nil
		default:
			return false, err
		}
	})
	if err != nil {
		return fmt.Errorf("%w: %w", err, last)
	}
	return nil
}

// sentinel is a policy with its binding, and what shows in a refusal that it
// acts.
func sentinel(name string, kind *admissionv1.ParamKind) (p *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding, refusal string) {
	p = &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			ParamKind: kind,
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				ResourceNames: []string{name},
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create},
					Rule: admissionv1.Rule{
						APIGroups: []string{corev1.GroupName}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"},
					},
				},
			}}},
			Validations: []admissionv1.Validation{{Expression: "false", Message: sentinelMessage}},
		},
	}
	b = &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
	if kind == nil {
		return p, b, sentinelMessage
	}
	b.Spec.ParamRef = &admissionv1.ParamRef{Name: "sentinel", ParameterNotFoundAction: ptr.To(admissionv1.DenyAction)}
	return p, b, sentinelNoParameters
}

// pollUntil asks until it is done, and tells why it was not within ctx.
func pollUntil(ctx context.Context, done wait.ConditionWithContextFunc) error {
	err := wait.PollUntilContextCancel(ctx, pollInterval, true, done)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
