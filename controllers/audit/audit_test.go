// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	openreports "github.com/openreports/reports-api/apis/openreports.io/v1alpha1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/audit"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// passed is what is told of an Application that is provided by the KDZ.
func passed(name string) string { return "Application/" + name + " ProvidedByKDZ pass info" }

// makeDecentral has an Application provided by somebody else.
func makeDecentral(a *v1alpha1.Application) {
	a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
}

func (w *world) changeApplication(name string, change func(*v1alpha1.Application)) {
	w.Helper()
	controllertest.Alter(w.World, &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}, change)
}

// One Application in a hundred breaks the rule; the audit says so, writes no
// more than it must, and nothing the second time.
func TestAFleetIsAudited(t *testing.T) {
	const total, violating = 700, 7
	w := newWorld(t)
	var apps []client.Object
	for i := range total {
		a := w.application(fmt.Sprintf("app-%03d", i))
		if i%100 == 0 {
			makeDecentral(a)
		}
		apps = append(apps, a)
	}
	w.createAll(apps)
	first := w.start()
	w.await(func() string {
		var sum openreports.ReportSummary
		for _, r := range w.reports(w.Namespace) {
			sum.Pass += r.Summary.Pass
			sum.Fail += r.Summary.Fail
			sum.Warn += r.Summary.Warn + r.Summary.Error + r.Summary.Skip
		}
		if sum.Pass != total-violating || sum.Fail != violating || sum.Warn != 0 {
			return fmt.Sprintf("summary %+v", sum)
		}
		return ""
	})
	if n := len(w.reports(w.Namespace)); n != 2 || first.written(w.Namespace) != n {
		t.Errorf("%d reports, %d writes", n, first.written(w.Namespace))
	}
	if n := first.metric(t, "centralisation", "Decentral"); n != violating {
		t.Errorf("the metric says %v violate", n)
	}
	first.stop()

	second := w.start()
	w.await(func() string {
		if second.metric(t, "centralisation", "Decentral") != violating {
			return "not audited anew"
		}
		return ""
	})
	// One change comes through, and shows that it would have written before.
	w.changeApplication("app-000", func(a *v1alpha1.Application) {
		a.Spec.Operation = w.application("").Spec.Operation
	})
	w.await(func() string {
		if slices.Contains(w.told(w.Namespace), passed("app-000")) {
			return ""
		}
		return "the change is not told"
	})
	if n := second.written(w.Namespace); n != 1 {
		t.Errorf("%d writes for one change after a restart, want 1", n)
	}
}

func TestAnAuditByAnyReaderSaysTheSame(t *testing.T) {
	w := newWorld(t)
	decentral := w.application("b")
	makeDecentral(decentral)
	w.Create(w.application("a"), decentral)
	w.start()
	w.awaitTold(passed("a"), "Application/b Decentral fail high")
	live, err := audit.Audit(t.Context(), w.Client, w.Namespace, now)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range live.Findings {
		got = append(got, fmt.Sprintf("%s/%s %s %s %s", f.Subject.Kind, f.Subject.Name, f.Rule, f.Result, f.Severity))
	}
	if diff := cmp.Diff(w.told(w.Namespace), got); diff != "" {
		t.Errorf("by a live reader (-controller +live):\n%s", diff)
	}
	gone, err := audit.Audit(t.Context(), w.Client, "no-such-namespace", now)
	if err != nil || len(gone.Findings) != 0 {
		t.Errorf("of a namespace that is not there: %v, %v", gone, err)
	}
}

func TestTheLastApplicationTakesTheReportsWithIt(t *testing.T) {
	w := newWorld(t)
	w.Create(w.application("only"))
	o := w.start()
	w.awaitTold(passed("only"))
	w.Must(w.Client.Delete(t.Context(), w.application("only")))
	w.awaitTold()
	if n := len(w.reports(w.Namespace)); n != 0 {
		t.Errorf("%d reports are left", n)
	}
	if n := o.metric(t, "centralisation", "ProvidedByKDZ"); n != 0 {
		t.Errorf("the metric still says %v", n)
	}
}

func TestTimeAloneTurnsAVerdict(t *testing.T) {
	w := newWorld(t)
	app := w.application("wahlhelfer-app")
	makeDecentral(app)
	w.Create(app, &v1alpha1.Exemption{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "election"},
		Spec: v1alpha1.ExemptionSpec{
			ApplicationRef: v1alpha1.LocalApplicationReference{Name: "wahlhelfer-app"}, Reason: "the state wants its own",
			Decision: v1alpha1.Decision{
				Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: "2026-10-01",
				Reference: "SR-2026-10", DecidedBy: "round@example.org",
			},
			ExpiresOn: "2027-03-31",
		},
	})
	o := w.start()
	const exempt, expiring = "Application/wahlhelfer-app Exempted skip info", "Application/wahlhelfer-app ExemptionExpiring warn medium"
	w.awaitTold(exempt)
	w.clock.SetTime(time.Date(2027, 2, 15, 12, 0, 0, 0, time.UTC))
	w.awaitTold(exempt, expiring)
	r := w.reports(w.Namespace)[0]
	for i := range r.Results {
		result := &r.Results[i]
		want := map[string]int64{exempt: now.Unix(), expiring: time.Date(2027, 2, 15, 12, 0, 0, 0, time.UTC).Unix()}[short(result)]
		if at := result.Timestamp.Seconds; at < want || at > want+600 {
			t.Errorf("%s was found at %s", short(result), time.Unix(at, 0))
		}
		if got := result.Properties["reference"]; got != "SR-2026-10" {
			t.Errorf("%s: reference %q", short(result), got)
		}
	}
	w.clock.SetTime(time.Date(2027, 4, 1, 12, 0, 0, 0, time.UTC))
	w.awaitTold("Application/wahlhelfer-app ExemptionExpired fail high")
	if n := o.written(w.Namespace); n != 3 {
		t.Errorf("%d writes for three states", n)
	}
}

func TestWhatIsOwedIsTold(t *testing.T) {
	w := newWorld(t)
	app := w.application("termine")
	app.Spec.Origin, app.Spec.Lifecycle = v1alpha1.OriginProject, v1alpha1.LifecycleOperating
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: "gold"}
	app.Spec.Contracts = []v1alpha1.Contract{{
		Number: "V-1", Name: "Maintenance", Type: v1alpha1.ContractSupport, EndsOn: "2027-06-30", NoticePeriodDays: ptr.To[int32](180),
	}}
	level := &v1alpha1.ServiceLevel{
		ObjectMeta: metav1.ObjectMeta{Name: "gold"},
		Spec: v1alpha1.ServiceLevelSpec{
			DisplayName:  v1alpha1.LocalisedText{DE: "Gold"},
			Availability: v1alpha1.AvailabilityObjective{Objective: "99.9", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}},
		},
	}
	project := &v1alpha1.Project{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "termine"},
		Spec: v1alpha1.ProjectSpec{
			DisplayName: v1alpha1.LocalisedText{DE: "Termine"}, OfficeRef: v1alpha1.UnitReference{Name: "amt-33"},
			Lead: &v1alpha1.ProjectLead{Name: "Lead", UnitRef: &v1alpha1.UnitReference{Name: "amt-10-1"}},
		},
	}
	w.Create(level, project, app)
	w.start()
	const (
		missing   = "Application/termine HandoverMissing fail medium"
		undecided = "Application/termine ServiceLevelUndecided warn low"
		cancel    = "Application/termine ContractToCancel warn medium"
		elsewhere = "Project/termine NotLedByMainOffice fail medium"
	)
	w.awaitTold(passed("termine"), missing, undecided, cancel, elsewhere)

	// The unit that leads appears below the main office.
	unit := func(name, parent string) *v1alpha1.OrganisationalUnit {
		u := &v1alpha1.OrganisationalUnit{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       v1alpha1.OrganisationalUnitSpec{Number: name, Type: v1alpha1.UnitOffice, DisplayName: v1alpha1.LocalisedText{DE: name}},
		}
		if parent != "" {
			u.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
		}
		return u
	}
	w.Create(unit("amt-10", ""), unit("amt-10-1", "amt-10"))
	w.awaitTold(passed("termine"), missing, undecided, cancel)

	// The level is decided.
	controllertest.Alter(w.World, level, func(l *v1alpha1.ServiceLevel) {
		l.Spec.Decision = &v1alpha1.Decision{
			Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: "2026-11-20", Reference: "SR-2026-11", DecidedBy: "round@example.org",
		}
	})
	w.awaitTold(passed("termine"), missing, cancel)

	// A handover, from another namespace, goes its way.
	other := w.newNamespace(nil)
	handover := &v1alpha1.Handover{
		ObjectMeta: metav1.ObjectMeta{Namespace: other, Name: "termine"},
		Spec: v1alpha1.HandoverSpec{
			ProjectRef:        v1alpha1.ProjectReference{Name: "termine"},
			OperationsUnitRef: v1alpha1.UnitReference{Name: "kdz-16"},
			ApplicationRefs:   []v1alpha1.ApplicationReference{{Name: "termine", Namespace: v1alpha1.NamespaceName(w.Namespace)}},
		},
	}
	w.Create(handover)
	w.awaitTold(passed("termine"), "Application/termine HandoverIncomplete fail medium", cancel)
	before := handover.DeepCopy()
	handover.Status.Stage = v1alpha1.HandoverCompleted
	w.Must(w.Client.Status().Patch(t.Context(), handover, client.MergeFrom(before)))
	w.awaitTold(passed("termine"), cancel)
}

func TestTheClusterIsAudited(t *testing.T) {
	w := newWorld(t)
	lost := w.newNamespace(nil)
	app := w.application("lost")
	app.Namespace = lost
	w.Create(app, &v1alpha1.ServiceLevel{
		ObjectMeta: metav1.ObjectMeta{Name: "silver"},
		Spec: v1alpha1.ServiceLevelSpec{
			DisplayName:  v1alpha1.LocalisedText{DE: "Silber"},
			Availability: v1alpha1.AvailabilityObjective{Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}},
		},
	})
	w.start()
	awaitCluster := func(want ...string) {
		t.Helper()
		w.await(func() string {
			var report openreports.ClusterReport
			err := w.Client.Get(t.Context(), client.ObjectKey{Name: "kdz-operator"}, &report)
			if client.IgnoreNotFound(err) != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range report.Results {
				got = append(got, short(&report.Results[i]))
			}
			if apierrors.IsNotFound(err) {
				got = nil
			}
			if !slices.Equal(got, want) {
				return fmt.Sprintf("told is %q, want %q", got, want)
			}
			return ""
		})
	}
	const silver = "ServiceLevel/silver ServiceLevelUndecided fail medium"
	awaitCluster("Namespace/"+lost+" NamespaceWithoutUnit fail medium", silver)

	w.SetUnit(lost, "amt-33")
	awaitCluster(silver)
	w.Must(w.Client.Delete(t.Context(), &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}))
	awaitCluster("GovernancePolicy/default PolicyMissing fail critical", silver)
}

// In a namespace in which nothing happens the hours pass without a write.
func TestAtRestNothingIsWritten(t *testing.T) {
	w := newWorld(t)
	decentral := w.application("b")
	makeDecentral(decentral)
	w.Create(w.application("a"), decentral)
	o := w.start()
	w.awaitTold(passed("a"), "Application/b Decentral fail high")
	w.clock.Step(30 * time.Hour)
	// What is written of another namespace shows that the hours have passed.
	quiet := w.Namespace
	w.Namespace = w.newNamespace(map[string]string{v1alpha1.LabelUnit: "amt-33"})
	w.Create(w.application("c"))
	w.awaitTold(passed("c"))
	if n := o.written(quiet); n != 1 {
		t.Errorf("%d writes, want the first one only", n)
	}
}

// Reports are put right that another hand changed, within the hour.
func TestAnotherHandIsPutRight(t *testing.T) {
	w := newWorld(t)
	w.Create(w.application("a"))
	w.start()
	w.awaitTold(passed("a"))
	report := w.reports(w.Namespace)[0]
	w.Must(w.Client.Delete(t.Context(), &report))
	w.clock.Step(61 * time.Minute)
	w.awaitTold(passed("a"))
}

// TestAgreementsAreAudited: an account that shows something, and a requirement
// that is not met, are told as they come and go.
func TestAgreementsAreAudited(t *testing.T) {
	w := newWorld(t)
	app := w.application("civento")
	app.Spec.Lifecycle = v1alpha1.LifecycleOperating
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: "platinum"}
	level := &v1alpha1.ServiceLevel{
		ObjectMeta: metav1.ObjectMeta{Name: "platinum"},
		Spec: v1alpha1.ServiceLevelSpec{
			DisplayName:  v1alpha1.LocalisedText{DE: "Platin"},
			Availability: v1alpha1.AvailabilityObjective{Objective: "99.9", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}},
			Decision: &v1alpha1.Decision{
				Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: "2026-11-20", Reference: "SR-2026-11", DecidedBy: "round@example.org",
			},
		},
	}
	w.Create(level, app)
	w.start()
	w.awaitTold(passed("civento"))

	record := &v1alpha1.AvailabilityRecord{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "civento"}}
	record.Periods = []v1alpha1.AccountPeriod{{Period: "2026-10", Result: v1alpha1.ResultBreached, RecoveryBreaches: 1}}
	w.Create(record)
	const (
		broken  = "Application/civento ServiceLevelBreached fail high"
		overran = "Application/civento RecoveryBreached fail medium"
		unmet   = "Application/civento RequirementUnmet fail medium"
	)
	w.awaitTold(passed("civento"), broken, overran)
	controllertest.Alter(w.World, level, func(l *v1alpha1.ServiceLevel) {
		l.Spec.Requires = &v1alpha1.Requirements{Sovereignty: ptr.To[int32](1)}
	})
	w.awaitTold(passed("civento"), broken, overran, unmet)
	w.changeApplication("civento", func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePlanned })
	w.awaitTold(passed("civento"), "Application/civento PlannedAgain fail high")
	controllertest.Alter(w.World, record, func(r *v1alpha1.AvailabilityRecord) { r.Periods = nil })
	w.awaitTold(passed("civento"))
}
