// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/prometheus"
)

// policyWith returns a policy that lists Prometheus servers, name and URL by
// turns.
func policyWith(servers ...string) *v1alpha1.GovernancePolicy {
	p := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	if len(servers) == 0 {
		return p
	}
	p.Spec.Observation = &v1alpha1.ObservationPolicy{}
	for i := 0; i < len(servers); i += 2 {
		p.Spec.Observation.PrometheusServers = append(p.Spec.Observation.PrometheusServers,
			v1alpha1.PrometheusServer{Name: v1alpha1.ItemName(servers[i]), URL: v1alpha1.HTTPURL(servers[i+1])})
	}
	return p
}

// policyReader reads the policy, and nothing else.
type policyReader struct {
	client.Reader
	policy *v1alpha1.GovernancePolicy
	err    error
}

// Get implements client.Reader.
func (r policyReader) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch {
	case r.err != nil:
		return r.err
	case r.policy == nil || key.Name != r.policy.Name:
		return apierrors.NewNotFound(schema.GroupResource{Resource: "governancepolicies"}, key.Name)
	}
	r.policy.DeepCopyInto(into.(*v1alpha1.GovernancePolicy))
	return nil
}

func TestGatherIndicator(t *testing.T) {
	egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil)
	source := prometheus.NewSource(prometheus.Options{Dial: endpoint.NewFactory(endpoint.Options{Egress: egress}).Dial})
	t.Cleanup(source.Close)
	declared := func(mutate ...func(*v1alpha1.PrometheusIndicator)) *v1alpha1.Indicator {
		p := &v1alpha1.PrometheusIndicator{Server: "city", Query: "up", Interval: "60s", FailureThreshold: 3}
		for _, m := range mutate {
			m(p)
		}
		return &v1alpha1.Indicator{Prometheus: p}
	}
	lists := policyWith("other", "https://other.example", "city", "https://city.example/prometheus")
	tests := map[string]struct {
		indicator         *v1alpha1.Indicator
		policy            *v1alpha1.GovernancePolicy
		interval, timeout time.Duration
		threshold         int
		reason, words     string
	}{
		"as declared": {indicator: declared(), policy: lists, interval: time.Minute, timeout: 10 * time.Second, threshold: 3},
		"often": {
			indicator: declared(func(p *v1alpha1.PrometheusIndicator) { p.Interval, p.FailureThreshold = "5s", 1 }),
			policy:    lists, interval: 5 * time.Second, timeout: 2500 * time.Millisecond, threshold: 1,
		},
		"without defaults": {
			indicator: declared(func(p *v1alpha1.PrometheusIndicator) { p.Interval, p.FailureThreshold = "", 0 }),
			policy:    lists, interval: time.Minute, timeout: 10 * time.Second, threshold: 3,
		},
		"server not listed": {
			indicator: declared(), policy: policyWith("other", "https://other.example"),
			reason: v1alpha1.ReasonReferenceNotFound, words: `server "city"`,
		},
		"nothing listed": {indicator: declared(), policy: policyWith(), reason: v1alpha1.ReasonReferenceNotFound, words: "prometheusServers"},
		"no policy":      {indicator: declared(), reason: v1alpha1.ReasonReferenceNotFound, words: "prometheusServers"},
		"interval too short": {
			indicator: declared(func(p *v1alpha1.PrometheusIndicator) { p.Interval = "1s" }),
			policy:    lists, reason: v1alpha1.ReasonInvalidSpec, words: "spec.indicator.prometheus.interval: must be at least 5s",
		},
		"interval is none": {
			indicator: declared(func(p *v1alpha1.PrometheusIndicator) { p.Interval = "often" }),
			policy:    lists, reason: v1alpha1.ReasonInvalidSpec, words: `"often" is no duration`,
		},
		"query is blank": {
			indicator: declared(func(p *v1alpha1.PrometheusIndicator) { p.Query = " \n" }),
			policy:    lists, reason: v1alpha1.ReasonInvalidSpec, words: "spec.indicator.prometheus.query: must be PromQL, and not blank",
		},
		"server cannot be asked": {
			indicator: declared(), policy: policyWith("city", "https://u:p@city.example"),
			reason: v1alpha1.ReasonInvalidSpec, words: "user or password",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScope(&v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{Indicator: tc.indicator}}, time.Now())
			check, found, err := gatherIndicator(t.Context(), policyReader{policy: tc.policy}, source, s)
			if err != nil || check == nil || check.Name != indicatorCheck || check.SuccessThreshold != 1 {
				t.Fatalf("check %+v, error %v", check, err)
			}
			if tc.reason == "" {
				if found != nil || check.Probe == nil || len(s.missing)+len(s.unusable) != 0 {
					t.Fatalf("probe %v, problem %+v", check.Probe, found)
				}
				if check.Interval != tc.interval || check.Timeout != tc.timeout || check.FailureThreshold != tc.threshold {
					t.Errorf("check %+v, want %+v", check, tc)
				}
				return
			}
			if check.Probe != nil || found == nil || found.reason != tc.reason || !strings.Contains(found.message, tc.words) {
				t.Fatalf("probe %v, problem %+v, want %q", check.Probe, found, tc.words)
			}
			noted := s.missing
			if tc.reason == v1alpha1.ReasonInvalidSpec {
				noted = s.unusable
			}
			if len(noted) != 1 || noted[0] != *found || len(s.missing)+len(s.unusable) != 1 {
				t.Errorf("missing %+v, unusable %+v", s.missing, s.unusable)
			}
		})
	}
}

// TestGatherNoIndicator: an Application that names no source has no such check.
func TestGatherNoIndicator(t *testing.T) {
	for _, indicator := range []*v1alpha1.Indicator{nil, {}} {
		s := newScope(&v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{Indicator: indicator}}, time.Now())
		if check, found, err := gatherIndicator(t.Context(), policyReader{}, nil, s); check != nil || found != nil || err != nil {
			t.Errorf("check %+v, problem %+v, error %v", check, found, err)
		}
	}
}

// TestGatherIndicatorAgain: if the policy cannot be read, it is tried again.
func TestGatherIndicatorAgain(t *testing.T) {
	broken := errors.New("the cache is not there")
	s := newScope(&v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{
		Indicator: &v1alpha1.Indicator{Prometheus: &v1alpha1.PrometheusIndicator{Server: "city", Query: "up"}},
	}}, time.Now())
	if _, _, err := gatherIndicator(t.Context(), policyReader{err: broken}, nil, s); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestAsksOther(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after *v1alpha1.GovernancePolicy
		want          bool
	}{
		"same":        {policyWith("a", "https://a"), policyWith("a", "https://a"), false},
		"other order": {policyWith("a", "https://a", "b", "https://b"), policyWith("b", "https://b", "a", "https://a"), true},
		"none":        {policyWith(), policyWith(), false},
		"added":       {policyWith(), policyWith("a", "https://a"), true},
		"removed":     {policyWith("a", "https://a"), policyWith(), true},
		"moved":       {policyWith("a", "https://a"), policyWith("a", "https://b"), true},
		"renamed":     {policyWith("a", "https://a"), policyWith("b", "https://a"), true},
	} {
		if got := asksOther(tc.before, tc.after); got != tc.want {
			t.Errorf("%s: %t, want %t", name, got, tc.want)
		}
	}
}
