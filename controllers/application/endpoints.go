// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// defaultRenewBefore holds where an endpoint says nothing of its certificate.
const defaultRenewBefore = 504 * time.Hour

// endpointChecks makes the checks of the endpoints.
func (r *Reconciler) endpointChecks(ctx context.Context, s *scope) (looking, error) {
	declared := s.effective.Spec.Endpoints
	checks := make([]observe.Check, 0, len(declared))
	for i := range declared {
		e := seenEndpoint{declared: &declared[i], renewBefore: defaultRenewBefore}
		check, err := r.check(ctx, s, i, &e)
		if err != nil {
			return looking{}, err
		}
		checks = append(checks, check)
		s.endpoints = append(s.endpoints, e)
	}
	return looking{checks, s.seeEndpoints}, nil
}

// seeEndpoints notes what is known of the endpoints.
func (s *scope) seeEndpoints(known func(string) observe.Observation) {
	for i := range s.endpoints {
		e := &s.endpoints[i]
		e.seen = known(string(e.declared.Name))
		s.refused(i, e)
	}
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
		Seed:             s.seed(d.Name),
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
	if err != nil {
		check.Probe = nil
		e.problem, err = s.cannotAsk("endpoint "+string(d.Name), field, err)
	}
	return check, err
}

// cannotAsk notes why a part cannot be asked, and returns it; an error means
// that it is worth trying again. Field is that of the part, with a dot.
func (s *scope) cannotAsk(part, field string, err error) (*problem, error) {
	var secret *endpoint.SecretError
	var spec *endpoint.SpecError
	switch {
	case errors.As(err, &secret) && secret.Reason == endpoint.SecretUnreadable:
		return nil, fmt.Errorf("%sSecret %s: %w", field, secret.Name, secret.Err)
	case errors.As(err, &secret):
		found := &problem{reason: secretReason(secret.Reason), message: secret.Error()}
		s.missing = append(s.missing, problem{reason: found.reason, message: part + ": " + found.message})
		return found, nil
	case errors.As(err, &spec) && spec.Reason == endpoint.SpecEgressRefused:
		found := &problem{reason: v1alpha1.ReasonEgressRefused, message: field + err.Error()}
		s.unusable = append(s.unusable, *found)
		return found, nil
	default:
		found := &problem{reason: v1alpha1.ReasonInvalidSpec, message: field + err.Error()}
		s.unusable = append(s.unusable, *found)
		return found, nil
	}
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
func (s *scope) seed(name v1alpha1.ItemName) *observe.Observation {
	told := s.before.Status.Endpoints
	i := slices.IndexFunc(told, func(e v1alpha1.EndpointStatus) bool { return e.Name == name })
	if i < 0 {
		return s.seedLeftOut(string(name))
	}
	e := &told[i]
	if e.Since == nil || (e.State == v1alpha1.ComponentUnknown && ourOwn(e.Reason)) {
		return nil
	}
	o := &observe.Observation{Name: string(name), State: observedState(e.State), Since: e.Since.Time, Reason: e.Reason, Message: e.Message}
	if e.CertificateNotAfter != nil {
		o.CertificateNotAfter = e.CertificateNotAfter.Time
	}
	return o
}

// seedLeftOut is what is known of a check of which status says nothing.
func (s *scope) seedLeftOut(check string) *observe.Observation {
	if !s.leftOutUp() {
		return nil
	}
	return &observe.Observation{Name: check, State: observe.StateUp, Since: s.before.Status.Since.Time}
}

// observedState is the state of a check that shows a part in a state.
func observedState(s v1alpha1.ComponentState) observe.State {
	switch s {
	case v1alpha1.ComponentUp:
		return observe.StateUp
	case v1alpha1.ComponentDegraded:
		return observe.StateDegraded
	case v1alpha1.ComponentDown, v1alpha1.ComponentStopped:
		return observe.StateDown
	default:
		return observe.StateUnknown
	}
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
