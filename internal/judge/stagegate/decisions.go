// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// decision is one of spec.decisions, of a day that has begun.
type decision struct {
	*v1alpha1.Decision
	on day
}

// String tells who decided when, and under which reference.
func (d *decision) String() string {
	return fmt.Sprintf("%s on %s (%s)", bodyName(d.Body), d.on.text, shorten(d.Reference, maxName))
}

// readDecisions sorts the decisions by how much they count, the one that counts
// last: by their day, by the body since the conference stands above the steering
// round, and by their reference. Their order in the spec says nothing, for
// whoever may write the project may change it.
func (j *judge) readDecisions() {
	given := j.Project.Spec.Decisions
	for i := range given {
		d := decision{Decision: &given[i]}
		entry := fmt.Sprintf("spec.decisions[%s %s]", shorten(string(d.Body), maxName), shorten(d.Reference, maxName))
		d.on = j.required(entry+".decidedOn", d.DecidedOn)
		if !knownOutcome(d.Outcome) || !knownBody(d.Body) {
			j.doubt(noStage, entry, fmt.Sprintf("%s is of a body or an outcome that is unknown here, and counts as absent: have the DigIT steering round or the DigIT conference record the decision anew", entry))
			continue
		}
		if d.on.reached {
			j.decisions = append(j.decisions, d)
		}
	}
	slices.SortFunc(j.decisions, func(a, b decision) int {
		return cmp.Or(a.on.at.Compare(b.on.at), cmp.Compare(standing(a.Body), standing(b.Body)), compareNatural(a.Reference, b.Reference), cmp.Compare(a.Outcome, b.Outcome))
	})
	if len(j.decisions) > 0 {
		j.counts = &j.decisions[len(j.decisions)-1]
	}
}

func knownOutcome(o v1alpha1.DecisionOutcome) bool {
	return o == v1alpha1.OutcomeApproved || o == v1alpha1.OutcomeRejected || o == v1alpha1.OutcomeDeferred
}

func knownBody(b v1alpha1.DecisionBody) bool { return standing(b) > 0 }

// standing orders the bodies; 0 is none.
func standing(b v1alpha1.DecisionBody) int {
	switch b {
	case v1alpha1.BodySteeringRound:
		return 1
	case v1alpha1.BodyConference:
		return 2
	default:
		return 0
	}
}

// inForce returns the decision that counted at the end of a day; nil if there
// was none.
func (j *judge) inForce(at time.Time) *decision {
	for i := len(j.decisions) - 1; i >= 0; i-- {
		if !j.decisions[i].on.at.After(at) {
			return &j.decisions[i]
		}
	}
	return nil
}

// leadTime counts the whole days from the submission of the request to the first
// decision that binds.
func (j *judge) leadTime() *int32 {
	if !j.submitted.reached {
		return nil
	}
	for i := range j.decisions {
		if d := &j.decisions[i]; d.Outcome != v1alpha1.OutcomeDeferred {
			if d.on.before(&j.submitted) {
				return nil
			}
			return new(daysBetween(j.submitted.at, d.on.at))
		}
	}
	return nil
}

// compareNatural compares references as people number them: SR-2026-9 is before
// SR-2026-10.
func compareNatural(a, b string) int {
	whole := cmp.Compare(a, b)
	for a != "" && b != "" {
		numberA, numberB := leadingNumber(a), leadingNumber(b)
		if numberA == "" || numberB == "" {
			if c := cmp.Compare(a[0], b[0]); c != 0 {
				return c
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(numberA, "0"), strings.TrimLeft(numberB, "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[len(numberA):], b[len(numberB):]
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), whole)
}

// leadingNumber returns the digits that a text begins with.
func leadingNumber(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}
