// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/controllers/servicelevel/tally"
)

// condition says a condition in short: "status reason".
func condition(l *v1alpha1.ServiceLevel, conditionType string) string {
	c := meta.FindStatusCondition(l.Status.Conditions, conditionType)
	if c == nil {
		return ""
	}
	return string(c.Status) + " " + c.Reason
}

func TestSetMet(t *testing.T) {
	tests := map[string]struct {
		counted tally.Snapshot
		want    string
		words   string
	}{
		"nobody is under it":            {tally.Snapshot{}, "Unknown NoApplications", "no Application that operates"},
		"nobody has an account":         {tally.Snapshot{Applications: 2}, "Unknown NoApplications", "(2)"},
		"all keep it":                   {tally.Snapshot{Applications: 2, Met: 2}, "True Met", "2 of 2"},
		"all with an account keep it":   {tally.Snapshot{Applications: 3, Met: 2}, "True Met", "2 of 3"},
		"of one too little was seen":    {tally.Snapshot{Applications: 3, Met: 2, InsufficientData: 1}, "Unknown InsufficientData", "1 of 3"},
		"one breaks it":                 {tally.Snapshot{Applications: 3, Met: 2, Breached: 1, Worst: "a/b"}, "False Breached", "1 of 3 Applications under the agreement break it in the current period; a/b"},
		"that matters more than unseen": {tally.Snapshot{Applications: 3, InsufficientData: 2, Breached: 1, Worst: "a/b"}, "False Breached", "a/b"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := agreement("gold")
			setMet(l, &tc.counted, noon.Time)
			if got := condition(l, v1alpha1.ConditionServiceLevelMet); got != tc.want {
				t.Errorf("ServiceLevelMet is %s, want %s", got, tc.want)
			}
			if c := l.Status.Conditions[0]; !strings.Contains(c.Message, tc.words) {
				t.Errorf("message %q lacks %q", c.Message, tc.words)
			}
		})
	}
}

func TestSetDecided(t *testing.T) {
	outcome := func(o v1alpha1.DecisionOutcome) func(*v1alpha1.ServiceLevel) {
		return func(l *v1alpha1.ServiceLevel) { l.Spec.Decision.Outcome = o }
	}
	for want, change := range map[string]func(*v1alpha1.ServiceLevel){
		"True Decided":     outcome(v1alpha1.OutcomeApproved),
		"False NotDecided": outcome(v1alpha1.OutcomeDeferred),
	} {
		l := agreement("gold", change)
		if setDecided(l, noon.Time); condition(l, v1alpha1.ConditionDecided) != want || !strings.Contains(l.Status.Conditions[0].Message, "SR-2026-03") {
			t.Errorf("Decided: %+v, want %s", l.Status.Conditions, want)
		}
	}
	l := agreement("gold")
	l.Spec.Decision = nil
	if setDecided(l, noon.Time); condition(l, v1alpha1.ConditionDecided) != "False NotDecided" {
		t.Errorf("Decided without a decision: %+v", l.Status.Conditions)
	}
}

// TestUndecodable: nobody knows what was agreed, so that the last revision goes
// on, and a person is asked to mend it.
func TestUndecodable(t *testing.T) {
	l := agreement("gold")
	record(l, noon.Time)
	before := l.DeepCopy()
	l.DecodingError, l.Spec = "spec: cannot unmarshal", v1alpha1.ServiceLevelSpec{}
	record(l, noon.Time)
	if diff := cmp.Diff(before.Status.Revisions, l.Status.Revisions); diff != "" || len(l.Status.Revisions) != 1 {
		t.Errorf("revisions (-want +got):\n%s", diff)
	}
	setStatus(l, &tally.Snapshot{}, noon.Time)
	if got := condition(l, v1alpha1.ConditionStalled); got != "True Undecodable" {
		t.Errorf("Stalled is %s", got)
	}
}

// TestAnnounce: Events tell when an agreement begins to be broken and when it
// ceases to be, and nothing in between.
func TestAnnounce(t *testing.T) {
	with := func(s metav1.ConditionStatus, reason string) *v1alpha1.ServiceLevel {
		l := agreement("gold")
		if reason != "" {
			l.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionServiceLevelMet, Status: s, Reason: reason, Message: "as counted"}}
		}
		return l
	}
	broken, met := with("False", "Breached"), with("True", "Met")
	unseen, unknown := with("Unknown", "InsufficientData"), with("", "")
	tests := map[string]struct {
		before, after *v1alpha1.ServiceLevel
		want          string
	}{
		"broken":                  {met, broken, "Warning Breached as counted"},
		"broken from the first":   {unknown, broken, "Warning Breached as counted"},
		"broken still":            {broken, broken, ""},
		"met again":               {broken, met, "Normal Met no Application breaks the agreement any more: as counted"},
		"not known to be broken":  {broken, unseen, "Normal InsufficientData no Application breaks the agreement any more: as counted"},
		"met from the first":      {unknown, met, ""},
		"of one too little known": {met, unseen, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := events.NewFakeRecorder(2)
			(&Reconciler{Common: setup.Common{Recorder: recorder}}).announce(tc.before, tc.after)
			got := ""
			select {
			case got = <-recorder.Events:
			default:
			}
			if got != tc.want {
				t.Errorf("Event %q, want %q", got, tc.want)
			}
		})
	}
}
