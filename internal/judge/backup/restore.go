// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// test is a successful restore test.
type test struct {
	// at is when it began; zero if there is none.
	at time.Time
	// took is how long it took; negative if that is not known.
	took time.Duration
}

// shown is a test as a status holds it.
func (t *test) shown() (at *metav1.Time, seconds *int64) {
	if t.at.IsZero() {
		return nil, nil
	}
	if t.took >= 0 {
		seconds = new(int64(t.took / time.Second))
	}
	return shown(t.at), seconds
}

// testOf returns the newest restore test of a source, as it is seen or was told
// before.
func (j *judge) testOf(e *Evidence, previous *v1alpha1.BackupSourceStatus) test {
	newest := test{took: -1}
	if !e.RestoreTestAt.IsZero() && j.begun(e.RestoreTestAt) {
		newest = test{e.RestoreTestAt, e.RestoreTestTook}
	}
	if previous == nil || previous.NewestRestoreTestAt == nil || !j.remembers(e) {
		return newest
	}
	at := previous.NewestRestoreTestAt.Time
	// What was told has no fractions of a second.
	if !j.begun(at) || !at.After(newest.at) {
		return newest
	}
	newest = test{at, -1}
	if s := previous.RestoreTestSeconds; s != nil {
		newest.took = time.Duration(*s) * time.Second
	}
	return newest
}

// remembers reports whether a restore test that was told before took place also
// if it cannot be seen now.
func (j *judge) remembers(e *Evidence) bool {
	if e.Reason == v1alpha1.ReasonAwaitingFirstResult || e.RestoreTestReason == v1alpha1.ReasonAwaitingFirstResult {
		return true
	}
	s := j.declared(e.Source)
	return s != nil && (s.Velero != nil || s.K8up != nil)
}

// declared returns a source as it is declared; nil if it is not.
func (j *judge) declared(source string) *v1alpha1.BackupSource {
	i := slices.IndexFunc(j.Backup.Sources, func(s v1alpha1.BackupSource) bool { return string(s.Name) == source })
	if i < 0 {
		return nil
	}
	return &j.Backup.Sources[i]
}

// tellsTests reports whether a source can tell of restore tests.
func tellsTests(s *v1alpha1.BackupSource) bool {
	return s.Velero != nil || s.K8up != nil ||
		s.Heartbeat != nil && s.Heartbeat.RestoreTestLeaseName != "" ||
		s.Prometheus != nil && s.Prometheus.RestoreTestQuery != "" ||
		s.CronJob != nil && s.CronJob.RestoreTestName != ""
}

// judgeRestoreTests judges whether the newest restore test is young enough.
func (j *judge) judgeRestoreTests() {
	if j.restoreTestMaxAge <= 0 {
		return
	}
	due := j.test.at.Add(j.restoreTestMaxAge)
	if !j.test.at.IsZero() {
		j.until(due)
		if due.After(j.Now) {
			return
		}
	}
	if e := j.untold(); e != nil {
		j.findings = append(j.findings, finding{
			v1alpha1.BackupUnknown, e.RestoreTestReason, fmt.Sprintf("%s: restore tests: %s", e.Source, e.RestoreTestMessage),
		})
		return
	}
	if j.test.at.IsZero() && j.awaited() && !j.testsWereOverdue() {
		return
	}
	text := "no source shows a successful restore test; one is wanted every " + string(j.Backup.RestoreTestMaxAge)
	switch {
	case !j.test.at.IsZero():
		text = fmt.Sprintf("the newest successful restore test began %s, older than %s since %s", moment(j.test.at), j.Backup.RestoreTestMaxAge, moment(due))
	case !slices.ContainsFunc(j.Backup.Sources, func(s v1alpha1.BackupSource) bool { return tellsTests(&s) }):
		text += ", and none can: declare what tells of them, such as heartbeat.restoreTestLeaseName"
	}
	j.findings = append(j.findings, finding{v1alpha1.BackupOverdue, v1alpha1.ReasonRestoreTestOverdue, text})
}

// untold returns a source that cannot tell of restore tests at present; nil if
// there is none. One that is about to tell does not count where something was
// told before: that stays.
func (j *judge) untold() *Evidence {
	for i := range j.Evidence {
		e := &j.Evidence[i]
		stays := e.RestoreTestReason == v1alpha1.ReasonAwaitingFirstResult && j.Previous != nil && j.Previous.State != v1alpha1.BackupUnknown
		if e.RestoreTestReason != "" && !stays {
			return e
		}
	}
	return nil
}

// awaited reports whether a source is about to tell of restore tests.
func (j *judge) awaited() bool {
	return slices.ContainsFunc(j.Evidence, func(e Evidence) bool { return e.RestoreTestReason == v1alpha1.ReasonAwaitingFirstResult })
}

// testsWereOverdue reports whether restore tests made the whole overdue when it
// was told last, since no source was.
func (j *judge) testsWereOverdue() bool {
	return j.Previous.State == v1alpha1.BackupOverdue &&
		!slices.ContainsFunc(j.Previous.Sources, func(s v1alpha1.BackupSourceStatus) bool { return s.State == v1alpha1.BackupOverdue })
}
