// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// finding is what a check found.
type finding struct {
	// passed says whether it holds.
	passed bool
	// unsettled: the Application was changed, and was not judged as it is now.
	unsettled bool
	// since when it is so, where a condition says it.
	since time.Time
	// message with the evidence.
	message string
}

func fails(format string, args ...any) finding {
	return finding{message: fmt.Sprintf(format, args...)}
}

func passes(format string, args ...any) finding {
	return finding{passed: true, message: fmt.Sprintf(format, args...)}
}

// notJudged is what is found of an Application that was changed since it was
// judged.
var notJudged = finding{unsettled: true, message: "the Application was not judged yet as it is now"}

// examinee is an Application that is examined.
type examinee struct {
	app   *Application
	now   time.Time
	until func(time.Time)
}

// examine makes a check.
func (e *examinee) examine(check v1alpha1.HandoverCheck) finding {
	switch {
	case e.app.Object == nil:
		return fails("there is no such Application")
	case e.app.Object.DecodingError != "":
		return fails("what is stored of the Application cannot be read: %s", e.app.Object.DecodingError)
	}
	switch check {
	case v1alpha1.CheckContactsNamed:
		return e.contacts()
	case v1alpha1.CheckServiceLevelAssigned:
		return e.serviceLevel()
	case v1alpha1.CheckRestoreTested:
		return e.restoreTest()
	default:
		return e.condition(string(check))
	}
}

// condition reads the condition that a check is named like.
func (e *examinee) condition(kind string) finding {
	obj := e.app.Object
	c := meta.FindStatusCondition(obj.Status.Conditions, kind)
	switch {
	case c == nil && obj.Status.ObservedGeneration != obj.Generation, c != nil && c.ObservedGeneration != obj.Generation:
		return notJudged
	case c == nil:
		return e.undeclared(kind)
	}
	if kind == v1alpha1.ConditionBackedUp && onlyRestoreTests(c, obj.Status.Backup) {
		return passes("every backup is current; of tests of restores %s asks: %s", v1alpha1.CheckRestoreTested, printable(c.Message))
	}
	f := finding{passed: c.Status == metav1.ConditionTrue, since: c.LastTransitionTime.Time}
	f.message = strings.TrimSuffix(c.Reason+": "+printable(c.Message), ": ")
	return f
}

// onlyRestoreTests reports whether nothing but tests of restores keeps BackedUp
// from being True. Those are a check of their own, which not every handover wants.
func onlyRestoreTests(c *metav1.Condition, b *v1alpha1.BackupStatus) bool {
	if c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonRestoreTestOverdue && c.Reason != v1alpha1.ReasonRestoreTooSlow {
		return false
	}
	return b != nil && len(b.Sources) > 0 && !slices.ContainsFunc(b.Sources, func(s v1alpha1.BackupSourceStatus) bool {
		return s.State != v1alpha1.BackupCurrent
	})
}

// undeclared judges a check of which there is no condition: what it would look
// at is not declared, or nobody looks.
func (e *examinee) undeclared(kind string) finding {
	spec := &e.app.Object.Spec
	none := fails("there is no condition %s: an Application is looked at while it is Operating or PhasingOut, and this one is %s", kind, spec.Lifecycle)
	observable := len(spec.Endpoints) > 0 || spec.Hosting != nil
	switch kind {
	case v1alpha1.ConditionEndpointsAvailable, v1alpha1.ConditionHostingHealthy:
		switch {
		case !observable:
			return fails("neither spec.endpoints nor spec.hosting of the Application says what to look at: whoever runs it declares one")
		case kind == v1alpha1.ConditionEndpointsAvailable && len(spec.Endpoints) == 0:
			return passes("no endpoint is declared; what it runs on is looked at")
		case kind == v1alpha1.ConditionHostingHealthy && spec.Hosting == nil:
			return passes("no hosting is declared; its endpoints are looked at")
		}
	case v1alpha1.ConditionBackedUp:
		if spec.Backup == nil {
			return fails("no backup is declared: whoever runs the Application writes spec.backup, or why none is needed in spec.backup.notRequiredReason")
		}
	case v1alpha1.ConditionCertificatesValid:
		return passes("no endpoint shows a certificate")
	}
	return none
}

// contacts checks that somebody is named for the business side and for whoever
// operates or supports the Application.
func (e *examinee) contacts() finding {
	spec := &e.app.Object.Spec
	var lacks []string
	if spec.Responsible.UnitRef.Name == "" {
		lacks = append(lacks, "spec.responsible.unitRef")
	}
	manager := spec.Responsible.ApplicationManager
	if manager == nil || strings.TrimSpace(manager.Name) == "" {
		lacks = append(lacks, "spec.responsible.applicationManager")
	}
	turnTo := spec.Operation.SupportUnitRef
	if turnTo == nil {
		turnTo = spec.Operation.UnitRef
	}
	if turnTo == nil || turnTo.Name == "" {
		lacks = append(lacks, "spec.operation.supportUnitRef or unitRef")
	}
	if len(lacks) > 0 {
		return fails("nobody is named in %s of the Application: whoever is responsible for it names them", strings.Join(lacks, ", "))
	}
	return passes("unit %s, application manager %s, support by %s", spec.Responsible.UnitRef.Name, printable(manager.Name), turnTo.Name)
}

// serviceLevel checks that there is an agreement, and that it governs the
// Application: only then there is a condition on how it is kept. Whether it is
// kept is not asked.
func (e *examinee) serviceLevel() finding {
	obj := e.app.Object
	ref := obj.Spec.ServiceLevelRef
	if ref == nil {
		return fails("nothing was agreed: provider management agrees on a ServiceLevel, and the Application names it in spec.serviceLevelRef")
	}
	c := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionServiceLevelMet)
	switch {
	case c == nil && obj.Status.ObservedGeneration != obj.Generation, c != nil && c.ObservedGeneration != obj.Generation:
		return notJudged
	case c == nil:
		return fails("ServiceLevel %s does not exist, or nothing is counted under it yet", ref.Name)
	default:
		return passes("under ServiceLevel %s", ref.Name)
	}
}

// restoreTest checks that a backup was restored, and not too long ago.
func (e *examinee) restoreTest() finding {
	obj := e.app.Object
	backup, declared := obj.Status.Backup, obj.Spec.Backup
	switch {
	case declared == nil:
		return fails("no backup is declared, so that none was restored: whoever runs the Application writes spec.backup")
	case declared.NotRequiredReason != "":
		return passes("no backup is required: %s", printable(declared.NotRequiredReason))
	case obj.Status.ObservedGeneration != obj.Generation:
		return notJudged
	case backup == nil || backup.NewestRestoreTestAt.IsZero():
		return fails("no source shows a successful restore test: whoever runs the Application restores a backup as a test")
	}
	at := backup.NewestRestoreTestAt.Time
	if c := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionBackedUp); c != nil && c.Reason == v1alpha1.ReasonRestoreTestOverdue {
		return fails("the newest restore test began %s, which is longer ago than was agreed", moment(at))
	}
	if maxAge, err := time.ParseDuration(string(declared.RestoreTestMaxAge)); err == nil && maxAge > 0 {
		due := at.Add(maxAge)
		e.until(due)
		if !due.After(e.now) {
			return fails("the newest restore test began %s, longer ago than %s since %s", moment(at), declared.RestoreTestMaxAge, moment(due))
		}
	}
	return passes("the newest restore test began %s", moment(at))
}
