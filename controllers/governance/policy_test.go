// SPDX-License-Identifier: Apache-2.0

package governance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// noon is well within the exemptions of the tests.
var noon = time.Date(2027, 6, 15, 12, 0, 0, 0, time.UTC)

// compiledAs awaits that the policy says this.
func (w *world) compiledAs(units []v1alpha1.ObjectName, treatments map[string]v1alpha1.Treatment, index map[string]v1alpha1.Moment) *v1alpha1.GovernancePolicy {
	w.Helper()
	type compiled struct {
		Units      []v1alpha1.ObjectName
		Treatments map[string]v1alpha1.Treatment
		Index      map[string]v1alpha1.Moment
	}
	return controllertest.AwaitObject(w.World, w.policy(), func(p *v1alpha1.GovernancePolicy) string {
		if p.Status.CompiledAt == nil {
			return "not compiled"
		}
		return cmp.Diff(compiled{units, treatments, index}, compiled{p.Status.ProviderUnits, p.Status.UnitTreatments, p.Status.ExemptionIndex})
	})
}

func TestPolicyIsCompiled(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(noon)
	w.start()
	w.createPolicy(func(p *v1alpha1.GovernancePolicy) {
		p.Spec.Projects = &v1alpha1.ProjectPolicy{LeadUnitRef: &v1alpha1.UnitReference{Name: "main-office"}}
	})

	// What is there is compiled while something is missing, and it heals.
	p := controllertest.AwaitObject(w.World, w.policy(), func(p *v1alpha1.GovernancePolicy) string {
		return ready(p, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
	})
	message := p.Status.Conditions[0].Message
	for _, words := range []string{`"kdz" of spec.centralisation.providerUnitRef`, `"main-office" of spec.projects.leadUnitRef`} {
		if !strings.Contains(message, words) {
			t.Errorf("message %q lacks %q", message, words)
		}
	}
	if p.Status.CompiledAt == nil {
		t.Error("it was not compiled, since a unit is missing")
	}
	w.createUnit("kdz", v1alpha1.UnitKDZ, "")
	w.createUnit("main-office", v1alpha1.UnitOffice, "")
	w.createUnit("kdz-sap", v1alpha1.UnitKDZ, "kdz")
	w.createUnit("school", v1alpha1.UnitEducation, "")
	w.compiledAs([]v1alpha1.ObjectName{"kdz", "kdz-sap"}, map[string]v1alpha1.Treatment{"school": v1alpha1.TreatmentExempt}, nil)
	controllertest.AwaitObject(w.World, w.policy(), func(p *v1alpha1.GovernancePolicy) string {
		return ready(p, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	})

	// A unit that moves, or becomes another, is compiled anew.
	controllertest.Alter(w.World, w.newUnit("kdz-sap"), func(u *v1alpha1.OrganisationalUnit) { u.Spec.ParentRef.Name = "main-office" })
	w.compiledAs([]v1alpha1.ObjectName{"kdz"}, map[string]v1alpha1.Treatment{"school": v1alpha1.TreatmentExempt}, nil)
	controllertest.Alter(w.World, w.newUnit("school"), func(u *v1alpha1.OrganisationalUnit) { u.Spec.Type = v1alpha1.UnitOffice })
	w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, nil)

	// So are exemptions; those whose time has not come are not in the index.
	w.Create(w.newExemption("now", "2027-06-01", "2027-06-30"))
	w.Create(w.newExemption("later", "2027-07-01", "2027-07-31"))
	index := map[string]v1alpha1.Moment{w.Namespace + "/now": "2027-06-30T22:00:00Z"}
	p = w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, index)
	if at := p.Status.CompiledAt; at.Time.Before(noon) || at.Time.After(noon.Add(time.Hour)) {
		t.Errorf("compiled at %s, but it is about %s", at, noon)
	}
	renewal := w.newExemption("now-again", "2027-06-01", "2027-07-01")
	renewal.Spec.ApplicationRef.Name = "now"
	w.Create(renewal)
	index[w.Namespace+"/now"] = "2027-07-01T22:00:00Z"
	w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, index)

	// What another hand wrote is put right.
	forged := w.policy()
	if err := w.Client.Status().Patch(t.Context(), forged, client.RawPatch("application/merge-patch+json",
		fmt.Appendf(nil, `{"status":{"exemptionIndex":{"%s/forged":"2099-01-01T00:00:00Z"}}}`, w.Namespace))); err != nil {
		t.Fatal(err)
	}
	if len(forged.Status.ExemptionIndex) != 2 {
		t.Fatalf("the index was not forged: %v", forged.Status.ExemptionIndex)
	}
	w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, index)

	w.remove(w.exemption("now"))
	w.remove(renewal)
	w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, nil)
}

// TestIndexFollowsTheClock: at its first moment an exemption enters the index,
// at its last it leaves it, with no write of anybody else.
func TestIndexFollowsTheClock(t *testing.T) {
	w := newWorld(t)
	w.createUnit("kdz", v1alpha1.UnitKDZ, "")
	w.createPolicy()
	w.Create(w.newExemption("one-day", "2027-06-15", "2027-06-15"))
	from, until := time.Date(2027, 6, 14, 22, 0, 0, 0, time.UTC), time.Date(2027, 6, 15, 22, 0, 0, 0, time.UTC)
	w.clock.Hold(from.Add(-time.Second))
	w.start()
	w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, nil)
	w.clock.Set(from)
	entry := map[string]v1alpha1.Moment{w.Namespace + "/one-day": "2027-06-15T22:00:00Z"}
	w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, entry)
	// Another operator than the one that wrote it takes it out.
	w.kill()

	w.clock.Hold(until.Add(-time.Second))
	w.start()
	w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, entry)
	w.looked(nil, nil)
	w.clock.Set(until)
	p := w.compiledAs([]v1alpha1.ObjectName{"kdz"}, nil, nil)
	if p.Status.CompiledAt.Time.Before(until) {
		t.Errorf("it left the index at %s, before its end %s", p.Status.CompiledAt, until)
	}
}

func TestOnlyTheDefaultHasEffect(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(noon)
	w.start()
	p := w.policy()
	p.Name = "another"
	p.Spec.Centralisation.ProviderUnitRef.Name = "kdz"
	w.Create(p)
	p = controllertest.AwaitObject(w.World, p, func(p *v1alpha1.GovernancePolicy) string {
		return ready(p, metav1.ConditionFalse, v1alpha1.ReasonNotDefault)
	})
	if p.Status.CompiledAt != nil || p.Status.ProviderUnits != nil {
		t.Errorf("it was compiled: %+v", p.Status)
	}
	w.AwaitEvent(corev1.EventTypeWarning, v1alpha1.ReasonNotDefault, "another")
}

// counted awaits that the policy and a unit count the fleet so.
func (w *world) counted(want v1alpha1.CentralisationCounts) {
	w.Helper()
	controllertest.AwaitObject(w.World, w.policy(), func(p *v1alpha1.GovernancePolicy) string {
		return cmp.Diff(&want, p.Status.Centralisation)
	})
	controllertest.AwaitObject(w.World, w.newUnit(w.unit), func(u *v1alpha1.OrganisationalUnit) string {
		return cmp.Diff(want, u.Status.Centralisation)
	})
	if n, _ := w.metric("kdz_centralisation_applications", "verdict", "Violating"); n != float64(want.Violating) {
		w.Errorf("the metric counts %v that violate the rule, want %d", n, want.Violating)
	}
}

func TestFleetIsCounted(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(noon)
	w.start()
	w.createUnit("kdz", v1alpha1.UnitKDZ, "")
	w.createPolicy()
	w.createApp("central", v1alpha1.ProviderKDZ)
	w.createApp("decentral", v1alpha1.ProviderDecentral)
	w.createApp("undeclared", v1alpha1.ProviderUndetermined)
	w.Create(w.newExemption("exempt", "2027-06-01", "2027-06-30"))
	w.createApp("exempt", v1alpha1.ProviderDecentral)
	w.counted(v1alpha1.CentralisationCounts{Compliant: 1, Violating: 1, Unknown: 1, Exempt: 1})

	// A verdict turns, an Application goes, and both are counted; a unit that
	// becomes another turns the verdicts on all its Applications.
	controllertest.Alter(w.World, w.app("decentral"), func(a *v1alpha1.Application) {
		a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderKDZ, UnitRef: &v1alpha1.UnitReference{Name: "kdz"}}
	})
	w.remove(w.app("undeclared"))
	w.counted(v1alpha1.CentralisationCounts{Compliant: 2, Exempt: 1})
	w.createApp("decentral-again", v1alpha1.ProviderDecentral)
	controllertest.Alter(w.World, w.newUnit(w.unit), func(u *v1alpha1.OrganisationalUnit) { u.Spec.Type = v1alpha1.UnitEducation })
	w.counted(v1alpha1.CentralisationCounts{Compliant: 2, Exempt: 2})

	if n, ok := w.metric("kdz_centralisation_verdict", "namespace", w.Namespace, "application", "decentral-again", "verdict", "Exempt"); !ok || n != 1 {
		t.Errorf("the metric of the verdict is %v, %t", n, ok)
	}
	if at, ok := w.metric("kdz_centralisation_policy_compiled_timestamp_seconds"); !ok || at < float64(noon.Unix()) {
		t.Errorf("the metric says that it was compiled at %v, %t", at, ok)
	}
}

// TestFleetAtRestWritesNothing: neither what was written, nor a restart, makes
// the operator write again.
func TestFleetAtRestWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(noon)
	w.createUnit("kdz", v1alpha1.UnitKDZ, "")
	w.createPolicy()
	w.createApp("central", v1alpha1.ProviderKDZ)
	w.createApp("exempt", v1alpha1.ProviderDecentral)
	w.Create(w.newExemption("exempt", "2027-06-01", "2027-12-31"))
	w.start()
	w.counted(v1alpha1.CentralisationCounts{Compliant: 1, Exempt: 1})
	controllertest.AwaitObject(w.World, w.exemption("exempt"), func(e *v1alpha1.Exemption) string {
		return ready(e, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	})
	w.kill()
	versions := func() []string {
		objects := []client.Object{w.policy(), w.exemption("exempt"), w.app("central"), w.app("exempt")}
		for _, o := range objects {
			if err := w.Client.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
				t.Fatal(err)
			}
		}
		found := make([]string, len(objects))
		for i, o := range objects {
			found[i] = o.GetResourceVersion()
		}
		return found
	}
	before, writes := versions(), w.writes.Load()

	w.clock.Set(noon.Add(time.Hour))
	w.start()
	w.looked([]string{"exempt"}, []string{"central", "exempt"})
	// What else they have to write comes after what they had to write before.
	other := w.policy()
	other.Name = "marker"
	other.Spec.Centralisation.ProviderUnitRef.Name = "kdz"
	w.Create(other)
	w.Create(w.newExemption("marker", "2026-01-01", "2026-01-31"))
	controllertest.AwaitObject(w.World, other, func(p *v1alpha1.GovernancePolicy) string {
		return ready(p, metav1.ConditionFalse, v1alpha1.ReasonNotDefault)
	})
	controllertest.AwaitObject(w.World, w.exemption("marker"), func(e *v1alpha1.Exemption) string {
		return ready(e, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	})
	if after := versions(); !slices.Equal(before, after) {
		t.Errorf("resource versions %v became %v", before, after)
	}
	if n := w.writes.Load() - writes; n != 2 {
		t.Errorf("%d writes of status, want the 2 of the markers", n)
	}
}

func TestPolicyIsCreatedAnew(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(noon)
	w.start()
	w.createUnit("kdz", v1alpha1.UnitKDZ, "")
	w.createApp("exempt", v1alpha1.ProviderDecentral)
	w.Create(w.newExemption("exempt", "2027-06-01", "2027-12-31"))
	judged := func(v v1alpha1.Verdict, value metav1.ConditionStatus, reason string) {
		t.Helper()
		controllertest.AwaitObject(w.World, w.app("exempt"), func(a *v1alpha1.Application) string { return cmp.Diff(v, a.Status.Centralisation) })
		controllertest.AwaitObject(w.World, w.exemption("exempt"), func(e *v1alpha1.Exemption) string { return ready(e, value, reason) })
	}
	judged(v1alpha1.VerdictUnknown, metav1.ConditionFalse, v1alpha1.ReasonCompiling)
	for range 2 {
		w.createPolicy()
		judged(v1alpha1.VerdictExempt, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
		w.remove(w.policy())
		judged(v1alpha1.VerdictUnknown, metav1.ConditionFalse, v1alpha1.ReasonCompiling)
	}
}

// TestWhatIsHeldFits: as much as the controller lets pass, the API server
// stores, and a part of it can be written.
func TestWhatIsHeldFits(t *testing.T) {
	w := newWorld(t)
	w.createPolicy()
	p := w.policy()
	if err := w.Client.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
		t.Fatal(err)
	}
	before := p.DeepCopy()
	p.Status.ExemptionIndex = map[string]v1alpha1.Moment{}
	for size := 0; size < 999_000; size += 127 + len("2027-12-31T23:00:00Z") + 6 {
		p.Status.ExemptionIndex[fmt.Sprintf("%0127d", size)] = "2027-12-31T23:00:00Z"
	}
	if err := w.Client.Status().Patch(t.Context(), p, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	before = p.DeepCopy()
	p.Status.Centralisation = &v1alpha1.CentralisationCounts{Compliant: 1}
	if err := w.Client.Status().Patch(t.Context(), p, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	if len(p.Status.ExemptionIndex) < 6000 {
		t.Errorf("%d names are left", len(p.Status.ExemptionIndex))
	}
}

func TestManyExemptions(t *testing.T) {
	const many = 2000
	w := newWorld(t)
	w.clock.Set(noon)
	w.createUnit("kdz", v1alpha1.UnitKDZ, "")
	w.createPolicy()
	var group errgroup.Group
	group.SetLimit(16)
	for n := range many {
		group.Go(func() error {
			return w.Client.Create(t.Context(), w.newExemption(fmt.Sprintf("e-%d", n), "2027-06-01", "2027-12-31"))
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	w.start()
	controllertest.AwaitObject(w.World, w.policy(), func(p *v1alpha1.GovernancePolicy) string {
		if n := len(p.Status.ExemptionIndex); n != many {
			return fmt.Sprintf("%d names are exempt, want %d", n, many)
		}
		return ""
	})
}
