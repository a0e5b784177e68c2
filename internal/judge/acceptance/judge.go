// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// defaultStableFor is how long checks must have held where nothing is said, as
// the schema sets it.
const defaultStableFor = 15 * time.Minute

// Limits of the status.
const (
	maxResults  = 256
	maxSignOffs = 32
	maxMissing  = 64
)

// Judge judges how far a handover has come. It never fails: what cannot be used
// is named in what is missing, and holds the handover where it is.
func Judge(s *Scope) *Verdict {
	j := &judgement{Scope: s, spec: &s.Handover.Spec, told: &s.Handover.Status}
	switch {
	case s.Handover.DecodingError != "":
		j.stand()
	case signed(j.told.Stage):
		j.goOn()
	default:
		j.prepare()
	}
	return &j.verdict
}

// judgement is a judgement under way.
type judgement struct {
	*Scope
	spec *v1alpha1.HandoverSpec
	told *v1alpha1.HandoverStatus

	// absent are the Applications that are not there yet.
	absent []v1alpha1.MissingItem
	// unusable are values of the spec that hold up verification, and broken those
	// that hold up what comes after it.
	unusable, broken []v1alpha1.MissingItem
	// failing is whether a check does not hold, and failed says which.
	failing bool
	failed  []v1alpha1.MissingItem
	// unstable counts checks that do not hold for long enough, and stableAt is
	// when the last of them does.
	unstable int
	stableAt time.Time
	// unsettled are the Applications that were changed and are to be judged anew.
	unsettled []string
	// open are the required criteria that are not fulfilled.
	open []v1alpha1.MissingItem
	// rejections of the present content, and roles that are still to sign.
	rejections, unsigned []v1alpha1.MissingItem
	// unreadable are SignOffs of which too little can be read to list them.
	unreadable []v1alpha1.MissingItem

	verdict Verdict
}

// signed reports whether all required roles have signed in a stage. What is
// judged from then on is early-life support alone.
func signed(stage v1alpha1.HandoverStage) bool {
	return stage == v1alpha1.HandoverEarlyLifeSupport || stage == v1alpha1.HandoverCompleted
}

// stand leaves everything as it was told: of a handover that cannot be read
// nobody can say what was signed.
func (j *judgement) stand() {
	v := &j.verdict
	v.Stage, v.ContentHash = j.told.Stage, j.told.ContentHash
	if v.Stage == "" {
		v.Stage = v1alpha1.HandoverPreparing
	}
	v.Results, v.SignOffs = slices.Clone(j.told.Results), slices.Clone(j.told.SignOffs)
	v.EarlyLifeSupport = j.told.EarlyLifeSupport.DeepCopy()
	v.Missing = slices.Clone(j.told.Missing)
	if !signed(v.Stage) {
		j.readDue()
	}
}

// prepare judges a handover that was not signed by all roles.
func (j *judgement) prepare() {
	v := &j.verdict
	v.ContentHash = Hash(j.spec)
	j.readChecks()
	j.readCriteria()
	j.readSupport()
	j.readSignOffs()
	v.Stage = j.stage()
	if signed(v.Stage) {
		j.begin()
		return
	}
	j.readDue()
	v.Missing = j.missing()
}

// stage is how far the evidence lets the handover come.
func (j *judgement) stage() v1alpha1.HandoverStage {
	switch {
	case len(j.rejections) > 0:
		return v1alpha1.HandoverRejected
	case len(j.absent) > 0:
		return v1alpha1.HandoverPreparing
	case !j.verified():
		return v1alpha1.HandoverVerifying
	case len(j.open)+len(j.broken)+len(j.unsigned)+len(j.unsettled) > 0:
		return v1alpha1.HandoverAwaitingSignOff
	default:
		return v1alpha1.HandoverEarlyLifeSupport
	}
}

// verified reports whether all checks hold for long enough. An Application that
// is judged anew takes nothing back, and nothing goes on before it was.
func (j *judgement) verified() bool {
	if len(j.unsettled) > 0 && j.told.Stage != v1alpha1.HandoverAwaitingSignOff {
		return false
	}
	return len(j.unusable) == 0 && !j.failing && j.unstable == 0
}

// begin lets early-life support begin, if there is any.
func (j *judgement) begin() {
	j.verdict.Next = time.Time{}
	if j.spec.EarlyLifeSupport == nil {
		j.verdict.Stage = v1alpha1.HandoverCompleted
		return
	}
	j.support(j.Now.Truncate(time.Second))
}

// goOn judges a handover that all roles have signed. What they signed, and the
// results that they saw, stay as they are.
func (j *judgement) goOn() {
	v := &j.verdict
	v.Stage, v.ContentHash = j.told.Stage, j.told.ContentHash
	if v.ContentHash == "" {
		v.ContentHash = Hash(j.spec)
	}
	v.Results = slices.Clone(j.told.Results)
	j.keepSignOffs()
	v.EarlyLifeSupport = j.told.EarlyLifeSupport.DeepCopy()
	if v.Stage == v1alpha1.HandoverCompleted {
		return
	}
	began := j.Now.Truncate(time.Second)
	switch {
	case v.EarlyLifeSupport != nil && !v.EarlyLifeSupport.StartedAt.IsZero():
		began = v.EarlyLifeSupport.StartedAt.Time
	case j.told.StageSince != nil:
		began = j.told.StageSince.Time
	}
	j.support(began)
}

// readDue judges whether the day is over on which the handover was to be
// complete.
func (j *judgement) readDue() {
	if j.spec.DueOn == "" {
		return
	}
	end, err := calendar.EndOfDay(string(j.spec.DueOn))
	if err != nil {
		return
	}
	j.until(end)
	j.verdict.Overdue = !end.After(j.Now)
}

// until notes a moment at which the verdict can change.
func (j *judgement) until(at time.Time) {
	if at.After(j.Now) {
		j.verdict.Next = calendar.Earliest(j.verdict.Next, at)
	}
}

// lengthOf reads a duration of the spec.
func lengthOf(field string, d v1alpha1.Duration) (time.Duration, *v1alpha1.MissingItem) {
	length, err := time.ParseDuration(string(d))
	if err == nil && length >= 0 {
		return length, nil
	}
	return 0, &v1alpha1.MissingItem{
		Reason: v1alpha1.ReasonInvalidSpec, Field: field,
		Message: fmt.Sprintf("%q is no duration, such as 720h: whoever prepares the handover writes one", shorten(string(d), 64)),
	}
}

// shown is a time as a status holds it: to the second.
func shown(t time.Time) *metav1.Time {
	return new(metav1.NewTime(t.UTC().Truncate(time.Second)))
}
