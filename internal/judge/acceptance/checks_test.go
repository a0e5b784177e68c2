// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// untested has BackedUp be False for a reason, with sources in these states.
func untested(reason string, sources ...v1alpha1.BackupState) func(*v1alpha1.Application) {
	return func(a *v1alpha1.Application) {
		set(a, "BackedUp", func(c *metav1.Condition) { c.Status, c.Reason = metav1.ConditionFalse, reason })
		for _, state := range sources {
			a.Status.Backup.Sources = append(a.Status.Backup.Sources, v1alpha1.BackupSourceStatus{Name: "database", State: state})
		}
	}
}

// TestChecks: what each check makes of an Application.
func TestChecks(t *testing.T) {
	type App = v1alpha1.Application
	falsify := func(kind string) func(*v1alpha1.Application) {
		return func(a *v1alpha1.Application) {
			set(a, kind, func(c *metav1.Condition) { c.Status, c.Reason, c.Message = metav1.ConditionFalse, "Bad", "it\nis bad" })
		}
	}
	for _, c := range []struct {
		name   string
		check  v1alpha1.HandoverCheck
		change func(*App)
		passed bool
		want   string
	}{
		{"a condition that holds", "EndpointsAvailable", nil, true, "AllAvailable: every endpoint answers as expected"},
		{"a condition that does not", "EndpointsAvailable", falsify("EndpointsAvailable"), false, "Bad: it is bad"},
		{"an unknown is no pass", "Centralised", func(a *App) {
			set(a, "Centralised", func(c *metav1.Condition) { c.Status, c.Reason, c.Message = metav1.ConditionUnknown, "NotObserved", "" })
		}, false, "NotObserved"},
		{"neither endpoints nor hosting", "EndpointsAvailable", func(a *App) {
			a.Spec.Endpoints = nil
			drop(a, "EndpointsAvailable")
		}, false, "neither spec.endpoints nor spec.hosting"},
		{"hosting alone, and its endpoints", "EndpointsAvailable", func(a *App) {
			a.Spec.Endpoints, a.Spec.Hosting = nil, &v1alpha1.Hosting{}
			drop(a, "EndpointsAvailable")
		}, true, "no endpoint is declared"},
		{"endpoints that nobody looks at", "EndpointsAvailable", func(a *App) {
			a.Spec.Lifecycle = v1alpha1.LifecycleRetired
			drop(a, "EndpointsAvailable")
		}, false, "this one is Retired"},
		{"endpoints alone, and its hosting", "HostingHealthy", nil, true, "no hosting is declared"},
		{"neither, asked for hosting", "HostingHealthy", func(a *App) { a.Spec.Endpoints = nil }, false, "neither spec.endpoints nor spec.hosting"},
		{"hosting that nobody looks at", "HostingHealthy", func(a *App) { a.Spec.Hosting = &v1alpha1.Hosting{} }, false, "no condition HostingHealthy"},
		{"a backup", "BackedUp", nil, true, "Current: the newest success began at night"},
		{"no backup declared", "BackedUp", func(a *App) {
			a.Spec.Backup = nil
			drop(a, "BackedUp")
		}, false, "no backup is declared"},
		{"a backup that nobody looks at", "BackedUp", func(a *App) { drop(a, "BackedUp") }, false, "no condition BackedUp"},
		{"a current backup without tests of restores", "BackedUp", untested(v1alpha1.ReasonRestoreTestOverdue, v1alpha1.BackupCurrent), true, "every backup is current; of tests of restores RestoreTested asks"},
		{"a current backup that is slowly restored", "BackedUp", untested(v1alpha1.ReasonRestoreTooSlow, v1alpha1.BackupCurrent), true, "every backup is current"},
		{"a backup that nobody saw, without tests", "BackedUp", untested(v1alpha1.ReasonRestoreTestOverdue, v1alpha1.BackupCurrent, v1alpha1.BackupUnknown), false, "RestoreTestOverdue: "},
		{"no source, without tests", "BackedUp", untested(v1alpha1.ReasonRestoreTestOverdue), false, "RestoreTestOverdue: "},
		{"an overdue backup", "BackedUp", untested(v1alpha1.ReasonBackupOverdue, v1alpha1.BackupOverdue), false, "Overdue: "},
		{"no certificate shown", "CertificatesValid", nil, true, "no endpoint shows a certificate"},
		{"a certificate that expires", "CertificatesValid", func(a *App) {
			a.Status.Conditions = append(a.Status.Conditions, condition("CertificatesValid", metav1.ConditionFalse, "CertificateExpiring", "web: on Friday"))
		}, false, "CertificateExpiring: web: on Friday"},
		{"no verdict under the rule", "Centralised", func(a *App) { drop(a, "Centralised") }, false, "no condition Centralised"},
		{"an agreement", "ServiceLevelAssigned", nil, true, "under ServiceLevel office-hours"},
		{"an agreement that is broken", "ServiceLevelAssigned", falsify("ServiceLevelMet"), true, "under ServiceLevel office-hours"},
		{"no agreement", "ServiceLevelAssigned", func(a *App) { a.Spec.ServiceLevelRef = nil }, false, "nothing was agreed"},
		{"an agreement that is not there", "ServiceLevelAssigned", func(a *App) { drop(a, "ServiceLevelMet") }, false, "ServiceLevel office-hours does not exist"},
		{"contacts", "ContactsNamed", nil, true, "unit amt-33, application manager Application management, support by kdz-16-03-04"},
		{"contacts, support of its own", "ContactsNamed", func(a *App) {
			a.Spec.Operation.SupportUnitRef = &v1alpha1.UnitReference{Name: "kdz-16-04"}
		}, true, "support by kdz-16-04"},
		{"no contacts", "ContactsNamed", func(a *App) {
			a.Spec.Responsible.ApplicationManager, a.Spec.Operation.UnitRef = &v1alpha1.Person{Name: " "}, nil
		}, false, "spec.responsible.applicationManager, spec.operation.supportUnitRef or unitRef"},
		{"no unit", "ContactsNamed", func(a *App) { a.Spec.Responsible = v1alpha1.Responsible{} }, false, "spec.responsible.unitRef, spec.responsible.applicationManager of"},
		{"a restore test", "RestoreTested", nil, true, "began 2027-02-13 13:00:00 CET"},
		{"a restore test, young enough", "RestoreTested", func(a *App) { a.Spec.Backup.RestoreTestMaxAge = "721h" }, true, "began 2027-02-13"},
		{"a restore test, too old by the Application", "RestoreTested", func(a *App) { a.Spec.Backup.RestoreTestMaxAge = "720h" }, false, "longer ago than 720h since 2027-03-15 13:00:00 CET"},
		{"a restore test, too old by the agreement", "RestoreTested", func(a *App) {
			set(a, "BackedUp", func(c *metav1.Condition) { c.Status, c.Reason = metav1.ConditionFalse, "RestoreTestOverdue" })
		}, false, "longer ago than was agreed"},
		{"a restore test that nobody made", "RestoreTested", func(a *App) { a.Status.Backup.NewestRestoreTestAt = nil }, false, "no source shows a successful restore test"},
		{"a restore test, no status", "RestoreTested", func(a *App) { a.Status.Backup = nil }, false, "no source shows"},
		{"a restore test of nothing", "RestoreTested", func(a *App) { a.Spec.Backup = nil }, false, "no backup is declared"},
		{"a restore test that nobody needs", "RestoreTested", func(a *App) {
			a.Spec.Backup = &v1alpha1.Backup{NotRequiredReason: "it is a cache"}
		}, true, "no backup is required: it is a cache"},
		{"what cannot be read", "ContactsNamed", func(a *App) { a.DecodingError = "spec.operation: wrong" }, false, "cannot be read: spec.operation: wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scope()
			s.Handover.Spec.Checks = []v1alpha1.HandoverCheck{c.check}
			if c.change != nil {
				c.change(s.Applications[0].Object)
			}
			v := acceptance.Judge(s)
			if len(v.Results) != 1 {
				t.Fatalf("%d results: %+v", len(v.Results), v.Results)
			}
			r := v.Results[0]
			if *r.Passed != c.passed || !strings.Contains(r.Message, c.want) {
				t.Errorf("passed %v: %q; want %v: %q", *r.Passed, r.Message, c.passed, c.want)
			}
			if blames := strings.Contains(messages(v), "termine: "+string(c.check)+" does not hold: "+r.Message); blames == c.passed {
				t.Errorf("missing: %s", messages(v))
			}
			if c.passed == (v.Stage == v1alpha1.HandoverVerifying && strings.Contains(reasons(v), "CheckFailed")) {
				t.Errorf("stage %s, missing %s", v.Stage, reasons(v))
			}
		})
	}
}

// TestSince: since when results are so.
func TestSince(t *testing.T) {
	for _, c := range []struct {
		name   string
		check  v1alpha1.HandoverCheck
		change func(*acceptance.Scope)
		want   time.Time
	}{
		{"a condition says it", "EndpointsAvailable", func(s *acceptance.Scope) { s.Handover.Status.Results = nil }, now.Add(-time.Hour)},
		{"a condition that failed unseen", "EndpointsAvailable", func(s *acceptance.Scope) {
			set(s.Applications[0].Object, "EndpointsAvailable", func(c *metav1.Condition) { c.LastTransitionTime = ago(time.Minute) })
		}, now.Add(-time.Minute)},
		{"a condition that began to fail", "EndpointsAvailable", func(s *acceptance.Scope) {
			set(s.Applications[0].Object, "EndpointsAvailable", func(c *metav1.Condition) {
				c.Status, c.LastTransitionTime = metav1.ConditionFalse, ago(time.Minute)
			})
		}, now.Add(-time.Minute)},
		{"one that fails still", "EndpointsAvailable", func(s *acceptance.Scope) {
			s.Handover.Status.Results[0].Passed = new(false)
			set(s.Applications[0].Object, "EndpointsAvailable", func(c *metav1.Condition) {
				c.Status, c.LastTransitionTime = metav1.ConditionFalse, ago(time.Minute)
			})
		}, now.Add(-time.Hour)},
		{"a condition that does not say it", "EndpointsAvailable", func(s *acceptance.Scope) {
			set(s.Applications[0].Object, "EndpointsAvailable", func(c *metav1.Condition) { c.LastTransitionTime = metav1.Time{} })
		}, now.Add(-time.Hour)},
		{"what has no condition, seen before", "ContactsNamed", nil, now.Add(-time.Hour)},
		{"what has no condition, first seen", "ContactsNamed", func(s *acceptance.Scope) { s.Handover.Status.Results = nil }, now},
		{"what has no condition, failed before", "ContactsNamed", func(s *acceptance.Scope) {
			for i := range s.Handover.Status.Results {
				s.Handover.Status.Results[i].Passed = new(false)
			}
		}, now},
		{"told without a time", "ContactsNamed", func(s *acceptance.Scope) {
			for i := range s.Handover.Status.Results {
				s.Handover.Status.Results[i].Since = nil
			}
		}, now},
		{"of another Application", "ContactsNamed", func(s *acceptance.Scope) { s.Applications[0].Name = "amt-33/termine" }, now},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scope()
			if c.change != nil {
				c.change(s)
			}
			if r := result(t, acceptance.Judge(s), s.Applications[0].Name, c.check); !r.Since.Equal(new(metav1.NewTime(c.want))) {
				t.Errorf("since %v, want %v", r.Since, c.want)
			}
		})
	}
}

// TestStable: checks count once each has held for stableFor.
func TestStable(t *testing.T) {
	held := func(d time.Duration) func(*acceptance.Scope) {
		return func(s *acceptance.Scope) {
			set(s.Applications[0].Object, "BackedUp", func(c *metav1.Condition) { c.LastTransitionTime = ago(d) })
		}
	}
	stableFor := func(d v1alpha1.Duration) func(*acceptance.Scope) {
		return func(s *acceptance.Scope) { s.Handover.Spec.StableFor = d }
	}
	for _, c := range []struct {
		name    string
		changes []func(*acceptance.Scope)
		stage   v1alpha1.HandoverStage
		next    time.Time
		missing string
	}{
		{"exactly", []func(*acceptance.Scope){held(30 * time.Second)}, v1alpha1.HandoverAwaitingSignOff, endOf("2027-03-31"), ""},
		{"not yet", []func(*acceptance.Scope){held(29 * time.Second)}, v1alpha1.HandoverVerifying, now.Add(time.Second), "not yet for long enough: 1 of the checks that hold; wait until 2027-03-15 13:00:01 CET"},
		{"two not yet, not for as long", []func(*acceptance.Scope){held(10 * time.Second), func(s *acceptance.Scope) {
			set(s.Applications[0].Object, "EndpointsAvailable", func(c *metav1.Condition) { c.LastTransitionTime = ago(5 * time.Second) })
		}}, v1alpha1.HandoverVerifying, now.Add(20 * time.Second), "2 of the checks that hold; wait until 2027-03-15 13:00:25 CET"},
		{"the default, not yet", []func(*acceptance.Scope){held(15*time.Minute - time.Second), stableFor("")}, v1alpha1.HandoverVerifying, now.Add(time.Second), "NotStableYet"},
		{"the default", []func(*acceptance.Scope){held(15 * time.Minute), stableFor("")}, v1alpha1.HandoverAwaitingSignOff, endOf("2027-03-31"), ""},
		{"at once", []func(*acceptance.Scope){held(0), stableFor("0s")}, v1alpha1.HandoverAwaitingSignOff, endOf("2027-03-31"), ""},
		{"no duration", []func(*acceptance.Scope){stableFor("soon")}, v1alpha1.HandoverVerifying, endOf("2027-03-31"), `InvalidSpec[spec.stableFor] "soon" is no duration`},
		{"a negative duration", []func(*acceptance.Scope){stableFor("-1h")}, v1alpha1.HandoverVerifying, endOf("2027-03-31"), `InvalidSpec[spec.stableFor]`},
		{"a clock that is ahead", []func(*acceptance.Scope){held(-time.Minute)}, v1alpha1.HandoverVerifying, now.Add(90 * time.Second), "13:01:30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := acceptance.Judge(scope(c.changes...))
			if v.Stage != c.stage || !v.Next.Equal(c.next) || !strings.Contains(messages(v), c.missing) {
				t.Errorf("stage %s, next %v, missing:\n%s", v.Stage, v.Next, messages(v))
			}
		})
	}
}

// TestRestoreTestAges: a restore test becomes too old by time alone, and one of
// an Application that was changed says nothing yet.
func TestRestoreTestAges(t *testing.T) {
	s := scope()
	s.Handover.Spec.Checks = []v1alpha1.HandoverCheck{"RestoreTested"}
	s.Handover.Status.Results[0].Check = "RestoreTested"
	app := s.Applications[0].Object
	app.Spec.Backup.RestoreTestMaxAge = "721h"
	v := acceptance.Judge(s)
	if v.Stage != v1alpha1.HandoverAwaitingSignOff || !v.Next.Equal(now.Add(time.Hour)) {
		t.Fatalf("stage %s, next %v", v.Stage, v.Next)
	}
	app.Generation++
	if v := acceptance.Judge(s); v.Stage != v1alpha1.HandoverVerifying || v.Results[0].Message != "as it was told" {
		t.Errorf("stage %s, %+v", v.Stage, v.Results[0])
	}
	app.Generation--
	s.Now = v.Next
	if v := acceptance.Judge(s); v.Stage != v1alpha1.HandoverVerifying || !strings.Contains(messages(v), "longer ago than 721h") {
		t.Errorf("stage %s, %s", v.Stage, messages(v))
	}
}

// TestUnsettled: an Application that was changed takes nothing back before it
// was judged anew, and nothing goes on.
func TestUnsettled(t *testing.T) {
	change := func(s *acceptance.Scope) { s.Applications[0].Object.Generation++ }
	in := func(stage v1alpha1.HandoverStage) func(*acceptance.Scope) {
		return func(s *acceptance.Scope) { s.Handover.Status.Stage = stage }
	}
	for _, c := range []struct {
		name    string
		changes []func(*acceptance.Scope)
		stage   v1alpha1.HandoverStage
		missing string
	}{
		{"while it is verified", []func(*acceptance.Scope){change}, v1alpha1.HandoverVerifying, "CheckFailed"},
		{"while it is to be signed", []func(*acceptance.Scope){in("AwaitingSignOff"), change}, v1alpha1.HandoverAwaitingSignOff, "SignOffMissing SignOffMissing SignOffMissing"},
		{"when all have signed", []func(*acceptance.Scope){in("AwaitingSignOff"), signAll, change}, v1alpha1.HandoverAwaitingSignOff, "CheckFailed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scope(c.changes...)
			v := acceptance.Judge(s)
			if v.Stage != c.stage || reasons(v) != c.missing {
				t.Errorf("stage %s, missing:\n%s", v.Stage, messages(v))
			}
			for _, r := range v.Results {
				if conditioned := r.Message == "as it was told"; !*r.Passed || !r.Since.Equal(new(ago(time.Hour))) || conditioned == (r.Check == "ContactsNamed") {
					t.Errorf("%+v: %v, %v", r, *r.Passed, r.Since)
				}
			}
		})
	}
	t.Run("nothing was told before", func(t *testing.T) {
		s := scope(change, func(s *acceptance.Scope) { s.Handover.Status = v1alpha1.HandoverStatus{} })
		v := acceptance.Judge(s)
		if r := result(t, v, "termine", "BackedUp"); *r.Passed || !strings.Contains(r.Message, "not judged yet") {
			t.Errorf("%+v", r)
		}
		if v.Stage != v1alpha1.HandoverVerifying || reasons(v) != "NotStableYet CheckFailed" {
			t.Errorf("stage %s, missing:\n%s", v.Stage, messages(v))
		}
	})
}

// TestWhichChecks: those that are named, each once and always in one order.
func TestWhichChecks(t *testing.T) {
	for _, c := range []struct {
		name    string
		checks  []v1alpha1.HandoverCheck
		want    string
		missing string
	}{
		{"absent", nil, "EndpointsAvailable HostingHealthy BackedUp ServiceLevelAssigned Centralised CertificatesValid ContactsNamed", ""},
		{"none", []v1alpha1.HandoverCheck{}, "", ""},
		{"two, and one of them twice", []v1alpha1.HandoverCheck{"ContactsNamed", "BackedUp", "ContactsNamed"}, "BackedUp ContactsNamed", ""},
		{"one that is none", []v1alpha1.HandoverCheck{"BackedUp", "Beautiful"}, "BackedUp", `InvalidSpec[spec.checks[1]] there is no check "Beautiful"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scope()
			s.Handover.Spec.Checks = c.checks
			// An Application that is named twice is one.
			s.Applications = append(s.Applications, s.Applications[0])
			v := acceptance.Judge(s)
			var got []string
			for _, r := range v.Results {
				got = append(got, string(r.Check))
			}
			if strings.Join(got, " ") != c.want || !strings.Contains(messages(v), c.missing) || (v.Stage == v1alpha1.HandoverVerifying) != (c.missing != "") {
				t.Errorf("stage %s, checks %v, missing %s", v.Stage, got, messages(v))
			}
		})
	}
}
