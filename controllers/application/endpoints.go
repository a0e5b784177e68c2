// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/agreed"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// defaultRenewBefore holds where an endpoint says nothing of its certificate.
const defaultRenewBefore = 504 * time.Hour

// gatherEndpoints hands the endpoints' checks to the observer and reads back
// what it knows. An endpoint that cannot be asked keeps its place there, so
// that an outage that began before is not forgotten.
func (r *Reconciler) gatherEndpoints(ctx context.Context, s *scope) error {
	if !s.observed() {
		r.Observer.Forget(s.key())
		return nil
	}
	s.floor = func(check string) time.Time { return r.Ledger.Floor(s.key(), check) }
	declared := agreed.Effective(s.app, s.level).Spec.Endpoints
	checks := make([]observe.Check, 0, len(declared)+1)
	for i := range declared {
		e := seenEndpoint{declared: &declared[i], renewBefore: defaultRenewBefore}
		check, err := r.check(ctx, s, i, &e)
		if err != nil {
			return err
		}
		checks = append(checks, check)
		s.endpoints = append(s.endpoints, e)
	}
	source, err := r.indicatorCheck(ctx, s)
	if err != nil {
		return err
	}
	if source != nil {
		checks = append(checks, *source)
	}
	r.Observer.Ensure(observe.Subscriber{Key: s.key(), UID: s.app.UID}, checks)
	seen := map[string]observe.Observation{}
	s.seen = r.Observer.Observations(s.key())
	for _, o := range s.seen {
		seen[o.Name] = o
	}
	for i := range s.endpoints {
		e := &s.endpoints[i]
		o, ok := seen[string(e.declared.Name)]
		if !ok {
			o = observe.Observation{Name: string(e.declared.Name), State: observe.StatePending}
		}
		e.seen = o
		s.refused(i, e)
	}
	if source != nil {
		s.others = append(s.others, indicatorPart(seen[source.Name]))
	}
	return nil
}

// refused notes an endpoint whose name leads where checks may not connect. Only
// the check sees that, since only it resolves the name.
func (s *scope) refused(index int, e *seenEndpoint) {
	if e.problem == nil && e.seen.State == observe.StateUnknown && e.seen.Reason == endpoint.ReasonEgressRefused {
		s.unusable = append(s.unusable, problem{
			reason:  v1alpha1.ReasonEgressRefused,
			message: fmt.Sprintf("spec.endpoints[%d].url: %s", index, strings.TrimSuffix(e.seen.Message, ".")),
		})
	}
}

// check makes the check of an endpoint. Where that cannot be done it notes the
// problem and returns a check without a probe; an error means that it is worth
// trying again.
func (r *Reconciler) check(ctx context.Context, s *scope, index int, e *seenEndpoint) (observe.Check, error) {
	d := e.declared
	check := observe.Check{
		Name:             string(d.Name),
		FailureThreshold: int(d.FailureThreshold),
		SuccessThreshold: int(d.SuccessThreshold),
		Seed:             seed(s.before, d.Name),
	}
	field := fmt.Sprintf("spec.endpoints[%d].", index)

	var err error
	if check.Interval, err = endpoint.Interval(d); err == nil {
		check.Timeout, err = endpoint.Timeout(d)
	}
	if err == nil {
		e.renewBefore, err = renewBefore(d)
	}
	if err == nil {
		check.Probe, err = r.Prober.New(d, func(name string) (*corev1.Secret, error) {
			return r.secret(ctx, types.NamespacedName{Namespace: s.app.Namespace, Name: name})
		})
	}
	var secret *endpoint.SecretError
	var spec *endpoint.SpecError
	switch {
	case err == nil:
		return check, nil
	case errors.As(err, &secret) && secret.Reason == endpoint.SecretUnreadable:
		return check, fmt.Errorf("%sSecret %s: %w", field, secret.Name, secret.Err)
	case errors.As(err, &secret):
		e.problem = &problem{reason: secretReason(secret.Reason), message: secret.Error()}
		s.missing = append(s.missing, problem{reason: e.problem.reason, message: fmt.Sprintf("endpoint %s: %s", d.Name, e.problem.message)})
	case errors.As(err, &spec) && spec.Reason == endpoint.SpecEgressRefused:
		e.problem = &problem{reason: v1alpha1.ReasonEgressRefused, message: field + err.Error()}
		s.unusable = append(s.unusable, *e.problem)
	default:
		e.problem = &problem{reason: v1alpha1.ReasonInvalidSpec, message: field + err.Error()}
		s.unusable = append(s.unusable, *e.problem)
	}
	check.Probe = nil
	return check, nil
}

func secretReason(r endpoint.SecretReason) string {
	switch r {
	case endpoint.SecretNotFound:
		return v1alpha1.ReasonReferenceNotFound
	case endpoint.SecretNotLabelled:
		return v1alpha1.ReasonSecretNotLabelled
	default:
		return v1alpha1.ReasonSecretUnusable
	}
}

func renewBefore(d *v1alpha1.Endpoint) (time.Duration, error) {
	if d.TLS == nil || d.TLS.RenewBefore == "" {
		return defaultRenewBefore, nil
	}
	t, err := time.ParseDuration(string(d.TLS.RenewBefore))
	if err != nil || t < 0 {
		return defaultRenewBefore, fmt.Errorf("tls.renewBefore: %q is no duration such as 504h", d.TLS.RenewBefore)
	}
	return t, nil
}

// seed is what status says of an endpoint from before this process began.
func seed(app *v1alpha1.Application, name v1alpha1.ItemName) *observe.Observation {
	for i := range app.Status.Endpoints {
		e := &app.Status.Endpoints[i]
		if e.Name != name || e.Since == nil || (e.State == v1alpha1.ComponentUnknown && ourOwn(e.Reason)) {
			continue
		}
		o := &observe.Observation{Name: string(name), Since: e.Since.Time, Reason: e.Reason, Message: e.Message}
		switch e.State {
		case v1alpha1.ComponentUp:
			o.State = observe.StateUp
		case v1alpha1.ComponentDegraded:
			o.State = observe.StateDegraded
		case v1alpha1.ComponentDown:
			o.State = observe.StateDown
		default:
			o.State = observe.StateUnknown
		}
		if e.CertificateNotAfter != nil {
			o.CertificateNotAfter = e.CertificateNotAfter.Time
		}
		return o
	}
	return nil
}

// ourOwn says whether a reason why an endpoint is Unknown was given by this
// controller and not by the observer.
func ourOwn(reason string) bool {
	switch reason {
	case v1alpha1.ReasonAwaitingFirstResult, v1alpha1.ReasonReferenceNotFound, v1alpha1.ReasonSecretNotLabelled,
		v1alpha1.ReasonSecretUnusable, v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonEgressRefused:
		return true
	default:
		return false
	}
}

// secret reads a Secret. The cache holds only those that may be used for
// checks; of another one only the metadata is read, so as to tell one that is
// missing from one that lacks the label.
func (r *Reconciler) secret(ctx context.Context, key types.NamespacedName) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.Client.Get(ctx, key, secret)
	if !apierrors.IsNotFound(err) {
		return secret, err
	}
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if err := r.APIReader.Get(ctx, key, meta); err != nil {
		return nil, err
	}
	return &corev1.Secret{ObjectMeta: meta.ObjectMeta}, nil
}
