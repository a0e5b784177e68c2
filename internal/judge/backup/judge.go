// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Scope is all that the judgement depends on.
type Scope struct {
	// Backup that the Application declares, with the ages that its agreement
	// adds (agreed.Effective). Required.
	Backup *v1alpha1.Backup
	// Evidence of each source.
	Evidence []Evidence
	// RecoveryTime is how long an outage may last by the agreement; 0 means that
	// nothing was agreed.
	RecoveryTime time.Duration
	// Previous is what was told last; nil if nothing was. A source that nothing
	// is known of yet, because the operator has just begun to look, stays as it
	// was. And restore tests of Velero and K8up are remembered, since they are
	// deleted with the backup that was restored.
	Previous *v1alpha1.BackupStatus
	// Now is the time of the judgement.
	Now time.Time
}

// Verdict is how the backup of an Application stands.
type Verdict struct {
	// State of the whole.
	State v1alpha1.BackupState
	// Status of the condition BackedUp, with its Reason and Message. It is False
	// also where the State is Current, but something will go wrong.
	Status          metav1.ConditionStatus
	Reason, Message string
	// NewestSuccessAt is since when at the latest all sources have a success: the
	// earliest of their newest ones; nil unless each has one.
	NewestSuccessAt *metav1.Time
	// NewestRestoreTestAt is the newest of all sources, and RestoreTestSeconds
	// how long that test took, if it is known.
	NewestRestoreTestAt *metav1.Time
	RestoreTestSeconds  *int64
	// DueAt is when the first of the newest successes is too old; nil if no age
	// was agreed, or no success is known.
	DueAt *metav1.Time
	// Sources one by one, in their order.
	Sources []v1alpha1.BackupSourceStatus
	// Next is the next moment, after now, at which the verdict can change though
	// nothing is seen; zero if there is none.
	Next time.Time
}

// maxMessage bounds the message of the whole, in bytes.
const maxMessage = 1024

// Judge judges a backup.
func Judge(s *Scope) Verdict {
	if reason := s.Backup.NotRequiredReason; reason != "" {
		return Verdict{
			State: v1alpha1.BackupNotRequired, Status: metav1.ConditionTrue,
			Reason: v1alpha1.ReasonBackupNotRequired, Message: "no backup is required: " + reason,
		}
	}
	j := &judge{Scope: s}
	j.readLimits()
	for i := range s.Evidence {
		j.judgeSource(&s.Evidence[i])
	}
	j.judgeRestoreTests()
	return j.conclude()
}

// finding is one thing that speaks for a state.
type finding struct {
	state           v1alpha1.BackupState
	reason, message string
}

// rank orders findings; more is worse.
func (f *finding) rank() int {
	switch f.state {
	case v1alpha1.BackupFailed:
		return 4
	case v1alpha1.BackupOverdue:
		return 3
	case v1alpha1.BackupUnknown:
		return 2
	case v1alpha1.BackupCurrent, v1alpha1.BackupNotRequired:
	}
	if f.reason == v1alpha1.ReasonBackupCurrent {
		return 0
	}
	return 1
}

// worst returns the first of the findings that are worst.
func worst(all []finding) finding {
	return slices.MaxFunc(all, func(a, b finding) int { return cmp.Compare(a.rank(), b.rank()) })
}

// judge is a judgement under way.
type judge struct {
	*Scope
	// maxAge and restoreTestMaxAge; 0 if nothing was agreed.
	maxAge, restoreTestMaxAge time.Duration
	// findings of the whole.
	findings []finding
	verdict  Verdict
	// successes are when the newest of each source began that has one.
	successes []time.Time
	// test is the newest restore test of all.
	test test
}

// readLimits reads what was agreed.
func (j *judge) readLimits() {
	read := func(field string, d v1alpha1.Duration) time.Duration {
		if d == "" {
			return 0
		}
		length, err := time.ParseDuration(string(d))
		if err != nil || length <= 0 {
			j.findings = append(j.findings, finding{
				v1alpha1.BackupUnknown, v1alpha1.ReasonInvalidSpec,
				fmt.Sprintf("%s %q is no duration above 0s, such as 26h", field, d),
			})
			return 0
		}
		return length
	}
	j.maxAge = read("maxAge", j.Backup.MaxAge)
	j.restoreTestMaxAge = read("restoreTestMaxAge", j.Backup.RestoreTestMaxAge)
}

// until notes a moment at which the verdict can change.
func (j *judge) until(moments ...time.Time) {
	for _, at := range moments {
		if at.After(j.Now) {
			j.verdict.Next = calendar.Earliest(j.verdict.Next, at)
		}
	}
}

// begun reports whether something of that time can have begun by now; if not, it
// is looked at again when it can.
func (j *judge) begun(at time.Time) bool {
	j.until(at.Add(-Skew))
	return !at.After(j.Now.Add(Skew))
}

// conclude puts the whole together.
func (j *judge) conclude() Verdict {
	v := &j.verdict
	if len(j.findings) == 0 {
		j.findings = append(j.findings, finding{v1alpha1.BackupUnknown, v1alpha1.ReasonNoSuccessSeen, "no source is declared"})
	}
	decides := worst(j.findings)
	v.State, v.Reason = decides.state, decides.reason
	switch {
	case decides.rank() == 0:
		v.Status = metav1.ConditionTrue
	case v.State == v1alpha1.BackupUnknown:
		v.Status = metav1.ConditionUnknown
	default:
		v.Status = metav1.ConditionFalse
	}
	if len(j.successes) == len(j.Evidence) && len(j.successes) > 0 {
		v.NewestSuccessAt = shown(slices.MinFunc(j.successes, time.Time.Compare))
	}
	if len(j.successes) > 0 && j.maxAge > 0 {
		v.DueAt = shown(slices.MinFunc(j.successes, time.Time.Compare).Add(j.maxAge))
	}
	v.NewestRestoreTestAt, v.RestoreTestSeconds = j.test.shown()
	v.Message = shorten(j.message(decides.rank()), maxMessage)
	return *v
}

// message tells all that is not well, the worst first; or, if all is, how long
// it stays so.
func (j *judge) message(rank int) string {
	if rank == 0 && len(j.successes) > 0 {
		return j.wellMessage()
	}
	bad := slices.DeleteFunc(slices.Clone(j.findings), func(f finding) bool { return rank > 0 && f.rank() == 0 })
	slices.SortStableFunc(bad, func(a, b finding) int { return cmp.Compare(b.rank(), a.rank()) })
	var sentences []string
	for _, f := range bad {
		sentences = append(sentences, f.message)
	}
	return strings.Join(sentences, "; ")
}

func (j *judge) wellMessage() string {
	oldest := slices.MinFunc(j.successes, time.Time.Compare)
	text := "the newest success began " + moment(oldest)
	if len(j.successes) > 1 {
		text = fmt.Sprintf("the newest success of each of %d sources began %s or later", len(j.successes), moment(oldest))
	}
	if j.maxAge > 0 {
		text += ", the next has to begin before " + moment(oldest.Add(j.maxAge))
	} else {
		text += "; no maxAge was agreed"
	}
	if !j.test.at.IsZero() {
		text += "; the newest restore test began " + moment(j.test.at)
	}
	return text
}

// moment writes a time as clocks in Europe/Berlin show it.
func moment(t time.Time) string {
	return t.In(calendar.Location()).Format("2006-01-02 15:04 MST")
}

// shown is a time as a status holds it: to the second.
func shown(t time.Time) *metav1.Time {
	return new(metav1.NewTime(t.UTC().Truncate(time.Second)))
}

// shorten cuts a text to at most limit bytes, and shows that it did.
func shorten(s string, limit int) string {
	const ellipsis = "…"
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len(ellipsis)], "") + ellipsis
}
