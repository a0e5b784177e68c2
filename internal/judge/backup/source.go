// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// maxSourceMessage bounds the message of a source, in bytes.
const maxSourceMessage = 256

// judgeSource judges one source.
func (j *judge) judgeSource(e *Evidence) {
	previous := j.previous(e.Source)
	status := v1alpha1.BackupSourceStatus{Name: v1alpha1.ItemName(e.Source)}
	t := j.testOf(e, previous)
	status.NewestRestoreTestAt, status.RestoreTestSeconds = t.shown()
	if t.at.After(j.test.at) {
		j.test = t
	}
	one := sourceJudge{judge: j, Evidence: e, test: t}
	found := one.find(previous)
	if !one.success.IsZero() {
		status.NewestSuccessAt = shown(one.success)
		j.successes = append(j.successes, one.success)
	}
	status.State, status.Reason, status.Message = found.state, found.reason, shorten(found.message, maxSourceMessage)
	j.verdict.Sources = append(j.verdict.Sources, status)
	found.message = e.Source + ": " + found.message
	j.findings = append(j.findings, found)
}

// previous returns what was told of a source last; nil if nothing was.
func (j *judge) previous(source string) *v1alpha1.BackupSourceStatus {
	if j.Previous == nil {
		return nil
	}
	i := slices.IndexFunc(j.Previous.Sources, func(s v1alpha1.BackupSourceStatus) bool { return string(s.Name) == source })
	if i < 0 {
		return nil
	}
	return &j.Previous.Sources[i]
}

// sourceJudge is the judgement of one source.
type sourceJudge struct {
	*judge
	*Evidence
	// success is when the newest one began; zero if none did.
	success time.Time
	// ahead is when a success is told to begin that is yet to come.
	ahead time.Time
	test  test
}

func (s *sourceJudge) find(previous *v1alpha1.BackupSourceStatus) finding {
	if s.Evidence.Reason == v1alpha1.ReasonAwaitingFirstResult && previous != nil && previous.Reason != "" {
		return s.stays(previous)
	}
	for _, at := range []time.Time{s.SuccessAt, s.AheadAt} {
		switch {
		case at.IsZero():
		case !s.begun(at):
			s.ahead = at
		case at.After(s.success):
			s.success = at
		}
	}
	found := append(s.failures(), s.doubts()...)
	found = append(found, s.ages()...)
	found = append(found, s.warnings()...)
	return worst(append(found, finding{v1alpha1.BackupCurrent, v1alpha1.ReasonBackupCurrent, s.about("newest success began " + moment(s.success) + s.dueText())}))
}

// stays judges a source that nothing is known of yet by what was known before.
func (s *sourceJudge) stays(previous *v1alpha1.BackupSourceStatus) finding {
	if previous.NewestSuccessAt != nil && s.begun(previous.NewestSuccessAt.Time) {
		s.success = previous.NewestSuccessAt.Time
	}
	return worst(append([]finding{{previous.State, previous.Reason, previous.Message}}, s.ages()...))
}

// failures are what cannot be mended by an older success.
func (s *sourceJudge) failures() []finding {
	var found []finding
	if !s.FailureAt.IsZero() && s.FailureAt.After(s.success) {
		text := fmt.Sprintf("%s %s, began %s", shorten(s.FailureName, maxName), s.FailurePhase, moment(s.FailureAt))
		if s.FailingSince.Before(s.FailureAt) && !s.FailingSince.IsZero() {
			text += ", failing since " + moment(s.FailingSince)
		}
		found = append(found, finding{v1alpha1.BackupFailed, v1alpha1.ReasonBackupFailed, s.about(text + s.lastSuccess())})
	}
	if s.Fault != "" {
		found = append(found, finding{v1alpha1.BackupFailed, s.Fault, s.about(s.FaultMessage + s.lastSuccess())})
	}
	return found
}

// doubts are what keeps the source from telling.
func (s *sourceJudge) doubts() []finding {
	var found []finding
	if s.Evidence.Reason != "" {
		found = append(found, finding{v1alpha1.BackupUnknown, s.Evidence.Reason, s.about(s.Evidence.Message)})
	}
	if !s.ahead.IsZero() {
		text := fmt.Sprintf("it tells a success that began %s, which is yet to come: set the clock right that told it", moment(s.ahead))
		found = append(found, finding{v1alpha1.BackupUnknown, v1alpha1.ReasonTimeInFuture, s.about(text)})
	}
	if s.success.IsZero() {
		text := "no success was seen"
		if s.Paused {
			text += "; it is paused"
		}
		found = append(found, finding{v1alpha1.BackupUnknown, v1alpha1.ReasonNoSuccessSeen, s.about(text + s.unprovenText())})
	}
	return found
}

// ages are what makes the newest success too old.
func (s *sourceJudge) ages() []finding {
	if s.success.IsZero() {
		return nil
	}
	var found []finding
	if due := s.success.Add(s.maxAge); s.maxAge > 0 {
		s.until(due)
		if !due.After(s.Now) {
			text := fmt.Sprintf("newest success began %s%s, older than %s since %s", moment(s.success), s.endText(), s.Backup.MaxAge, moment(due))
			if s.Paused {
				text += "; it is paused"
			}
			found = append(found, finding{v1alpha1.BackupOverdue, v1alpha1.ReasonBackupOverdue, s.about(text + s.unprovenText())})
		}
	}
	if expires := s.expires(); !expires.IsZero() {
		s.until(expires)
		if !expires.After(s.Now) {
			text := fmt.Sprintf("newest success began %s and expired %s", moment(s.success), moment(expires))
			found = append(found, finding{v1alpha1.BackupOverdue, v1alpha1.ReasonBackupExpires, s.about(text)})
		}
	}
	return found
}

// expires is when the newest success is deleted, if that is known.
func (s *sourceJudge) expires() time.Time {
	if !s.success.Equal(s.SuccessAt) {
		return time.Time{}
	}
	return s.ExpiresAt
}

// warnings are what will go wrong.
func (s *sourceJudge) warnings() []finding {
	var found []finding
	warn := func(reason, text string) {
		found = append(found, finding{v1alpha1.BackupCurrent, reason, s.about(text)})
	}
	if s.Paused {
		warn(v1alpha1.ReasonBackupPaused, "it is paused; newest success began "+moment(s.success)+s.dueText())
	}
	if expires := s.expires(); !expires.IsZero() && !s.NextRunAt.IsZero() && !expires.After(s.NextRunAt) {
		warn(v1alpha1.ReasonBackupExpires, fmt.Sprintf("newest success began %s and is deleted from %s on, before the next run at %s: keep backups for longer",
			moment(s.success), moment(expires), moment(s.NextRunAt)))
	}
	if s.RecoveryTime > 0 && s.test.took > s.RecoveryTime {
		warn(v1alpha1.ReasonRestoreTooSlow, fmt.Sprintf("the newest restore test, begun %s, took %v, longer than the agreed %v",
			moment(s.test.at), s.test.took.Truncate(time.Second), s.RecoveryTime))
	}
	return found
}

// maxName bounds what a message tells of a name, in bytes.
const maxName = 60

// about begins a sentence with what it is about.
func (s *sourceJudge) about(text string) string {
	if s.Subject == "" {
		return text
	}
	return s.Subject + ": " + text
}

func (s *sourceJudge) lastSuccess() string {
	if s.success.IsZero() {
		return "; no success is known"
	}
	return "; newest success began " + moment(s.success)
}

func (s *sourceJudge) dueText() string {
	if s.maxAge <= 0 {
		return "; no maxAge was agreed"
	}
	return ", too old from " + moment(s.success.Add(s.maxAge)) + " on"
}

// endText tells the end of a success that took so long that it explains its age.
func (s *sourceJudge) endText() string {
	if s.success.Equal(s.SuccessAt) && s.SuccessEndedAt.Sub(s.success) >= time.Hour {
		return " and ended " + moment(s.SuccessEndedAt)
	}
	return ""
}

func (s *sourceJudge) unprovenText() string {
	if s.Unproven == "" {
		return ""
	}
	return "; " + s.Unproven
}
