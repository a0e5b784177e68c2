// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// TestSound: what the schema asks of a status holds, nothing that is judged is
// changed, and every SignOff is told of.
func TestSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scopes(t)
		before := *s
		before.Handover = s.Handover.DeepCopy()
		v := acceptance.Judge(s)
		if diff := cmp.Diff(before.Handover, s.Handover); diff != "" {
			t.Fatalf("judging changed the handover:\n%s", diff)
		}
		unreadable := 0
		for i, m := range v.Missing {
			if m.Reason == "" || len(m.Reason) > 64 || len(m.Field) > 256 || m.Message == "" || len(m.Message) > 512 || !utf8.ValidString(m.Message) || i >= 64 {
				t.Fatalf("missing %d: %+v", i, m)
			}
			if m.Reason == v1alpha1.VoidUndecodable {
				unreadable++
			}
		}
		if v.Stage == v1alpha1.HandoverEarlyLifeSupport || v.Stage == v1alpha1.HandoverCompleted {
			unreadable = len(s.SignOffs) - len(v.SignOffs)
		}
		if len(v.SignOffs)+unreadable != len(s.SignOffs) {
			t.Fatalf("%d given, %d told, %d unreadable", len(s.SignOffs), len(v.SignOffs), unreadable)
		}
		for _, g := range v.SignOffs {
			if g.Void == (g.Message == "") || len(g.Message) > 256 || !utf8.ValidString(g.Message) || g.SignedBy == "" {
				t.Fatalf("%+v", g)
			}
		}
		results := map[string]bool{}
		for _, r := range v.Results {
			key := r.Application + " " + string(r.Check)
			if results[key] || r.Passed == nil || r.Since == nil || len(r.Message) > 512 || !utf8.ValidString(r.Message) {
				t.Fatalf("%+v", r)
			}
			results[key] = true
		}
		if settled := v.Stage == v1alpha1.HandoverCompleted; settled && (len(v.Missing) > 0 || !v.Next.IsZero()) {
			t.Fatalf("%+v", v)
		}
		if !v.Next.IsZero() && !v.Next.After(now) {
			t.Fatalf("the next moment %v is not after now", v.Next)
		}
	})
}

// TestFixpoint: judged again with what it told, a handover stands as it did; and
// until the next moment nothing changes by itself.
func TestFixpoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scopes(t)
		first := acceptance.Judge(s)
		s = told(t, s, first)
		again := acceptance.Judge(s)
		if diff := cmp.Diff(stored(first), stored(again)); diff != "" {
			t.Fatalf("judged again (-first +again):\n%s", diff)
		}
		end := now.Add(1000 * day)
		if !again.Next.IsZero() {
			end = again.Next.Add(-time.Second)
		}
		if !end.After(now) {
			return
		}
		s.Now = now.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(now))).Draw(t, "later")))
		for _, at := range []time.Time{s.Now, end} {
			s.Now = at
			then := acceptance.Judge(s)
			again.Next, then.Next = time.Time{}, time.Time{}
			if diff := cmp.Diff(stored(again), stored(then)); diff != "" {
				t.Fatalf("at %v, before the next moment (-now +then):\n%s", at, diff)
			}
		}
	})
}

// stored is a verdict with nothing in it that a status does not tell apart.
func stored(v *acceptance.Verdict) *acceptance.Verdict {
	c := *v
	if len(c.Results) == 0 {
		c.Results = nil
	}
	if len(c.SignOffs) == 0 {
		c.SignOffs = nil
	}
	if len(c.Missing) == 0 {
		c.Missing = nil
	}
	return &c
}

// TestLife: through any life, a handover goes on only when everything is there,
// and never back once all roles have signed.
func TestLife(t *testing.T) {
	completed, entered := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := scope()
		s.Handover.Status = v1alpha1.HandoverStatus{}
		for range rapid.IntRange(4, 16).Draw(t, "steps") {
			step(t, s)
			v := acceptance.Judge(s)
			was := s.Handover.Status.Stage
			switch {
			case was == v1alpha1.HandoverCompleted && v.Stage != was:
				t.Fatalf("from %s to %s", was, v.Stage)
			case was == v1alpha1.HandoverEarlyLifeSupport && v.Stage != was && v.Stage != v1alpha1.HandoverCompleted:
				t.Fatalf("from %s to %s", was, v.Stage)
			case v.Stage == v1alpha1.HandoverCompleted && was != v.Stage:
				completed++
				finished(t, s, v)
			}
			if handedOver(v.Stage) && !handedOver(was) {
				entered++
				allowed(t, s, v)
			}
			if handedOver(was) && !reflect.DeepEqual(counting(v), countingOf(s.Handover.Status.SignOffs)) {
				t.Fatalf("what counted: %v, what counts: %v", countingOf(s.Handover.Status.SignOffs), counting(v))
			}
			s = told(t, s, v)
		}
	})
	if completed == 0 || entered == 0 {
		t.Errorf("%d handovers were signed, and %d completed: the test shows nothing", entered, completed)
	}
}

func handedOver(stage v1alpha1.HandoverStage) bool {
	return stage == v1alpha1.HandoverEarlyLifeSupport || stage == v1alpha1.HandoverCompleted
}

// step lets something happen.
func step(t *rapid.T, s *acceptance.Scope) {
	s.Now = s.Now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 60, 3600, 100 * 3600}).Draw(t, "seconds")) * time.Second)
	switch rapid.IntRange(0, 8).Draw(t, "what happens") {
	case 0:
		s.Handover.Spec = *specs(t)
		s.Handover.Spec.ApplicationRefs = handover().Spec.ApplicationRefs
	case 1:
		s.Policy = policies(t)
	case 2:
		s.Applications = applications(t, &handover().Spec)
	case 3:
		s.SignOffs = append(s.SignOffs, signatures(t, &s.Handover.Spec, fmt.Sprintf("s%d", len(s.SignOffs)), 4)...)
	case 4:
		s.Handover.Spec.Criteria = criteria(t)
	case 5:
		s.Handover.Spec.EarlyLifeSupport = &v1alpha1.EarlyLifeSupport{Duration: "72h", MinimumAvailability: "99.0"}
	case 6:
		s.Applications[0].Availability = &acceptance.Availability{Observed: 1000, Out: rapid.SampledFrom([]int64{0, 20}).Draw(t, "out")}
	default:
		given := len(s.SignOffs)
		signAll(s)
		for i, g := range s.SignOffs[given:] {
			g.Name = fmt.Sprintf("n%02d", given+i)
		}
	}
}

// allowed checks that a handover may have been signed: nothing that is required
// is open, and each required role signed the present content.
func allowed(t *rapid.T, s *acceptance.Scope, v *acceptance.Verdict) {
	criteria := s.Handover.Spec.Criteria
	if len(criteria) == 0 && s.Policy != nil {
		for _, c := range s.Policy.DefaultCriteria {
			if c.Required == nil || *c.Required {
				t.Fatalf("criterion %+v of the policy is open", c)
			}
		}
	}
	for _, c := range criteria {
		on, err := calendar.StartOfDay(string(c.FulfilledOn))
		if (c.Required == nil || *c.Required) && (err != nil || on.After(s.Now)) {
			t.Fatalf("criterion %+v is open", c)
		}
	}
	signed, signers := map[v1alpha1.SignOffRole]bool{}, map[v1alpha1.UserName]bool{}
	for _, name := range counting(v) {
		for _, g := range s.SignOffs {
			if g.Name != name {
				continue
			}
			if g.DecodingError != "" || g.Spec.ContentHash != acceptance.Hash(&s.Handover.Spec) || g.Spec.Outcome != "Accepted" || signed[g.Spec.Role] || signers[g.Spec.SignedBy] {
				t.Fatalf("%+v counts", g.Spec)
			}
			signed[g.Spec.Role], signers[g.Spec.SignedBy] = true, true
		}
	}
	for _, role := range acceptance.RequiredSignOffs(s.Policy) {
		if !signed[role] {
			t.Fatalf("%s has not signed: %+v", role, v)
		}
	}
	for _, r := range v.Results {
		if !*r.Passed || r.Since.After(s.Now) {
			t.Fatalf("%+v", r)
		}
	}
}

// finished checks that a handover may be complete.
func finished(t *rapid.T, s *acceptance.Scope, v *acceptance.Verdict) {
	if e := v.EarlyLifeSupport; e != nil && e.EndsAt.After(s.Now) {
		t.Fatalf("early-life support goes on: %+v", e)
	}
}

func counting(v *acceptance.Verdict) []string { return countingOf(v.SignOffs) }

func countingOf(all []v1alpha1.SignOffSummary) []string {
	var names []string
	for _, g := range all {
		if !g.Void {
			names = append(names, string(g.Name))
		}
	}
	return names
}
