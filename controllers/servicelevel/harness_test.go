// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"os"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

func TestMain(m *testing.M) {
	os.Exit(controllertest.Run(m, "../../config/crd/bases"))
}

// world is the API server as a test sees it.
type world struct{ *controllertest.World }

// newWorld returns a world without agreements, and leaves none behind.
func newWorld(t *testing.T) world {
	t.Helper()
	return world{controllertest.NewWorld(t, "levels-", &v1alpha1.Application{}, &v1alpha1.AvailabilityRecord{}, &v1alpha1.ServiceLevel{})}
}

// agreement is one of 99.5 per cent a month that a body approved.
func agreement(name string, change ...func(*v1alpha1.ServiceLevel)) *v1alpha1.ServiceLevel {
	l := &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: name}}
	l.Spec = v1alpha1.ServiceLevelSpec{
		DisplayName: v1alpha1.LocalisedText{EN: name},
		Availability: v1alpha1.AvailabilityObjective{
			Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}, MinimumCoverage: "95",
		},
		Decision: &v1alpha1.Decision{
			Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved,
			DecidedOn: "2026-03-12", Reference: "SR-2026-03", DecidedBy: "steering-round@example.org",
		},
	}
	for _, c := range change {
		c(l)
	}
	return l
}

// application is one that operates under an agreement.
func (w world) application(name, level string, change ...func(*v1alpha1.Application)) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
	a.Spec = v1alpha1.ApplicationSpec{
		DisplayName:     v1alpha1.LocalisedText{EN: name},
		Origin:          v1alpha1.OriginExisting,
		Lifecycle:       v1alpha1.LifecycleOperating,
		Responsible:     v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: "amt-33"}},
		Operation:       v1alpha1.Operation{Provider: v1alpha1.ProviderUndetermined},
		ServiceLevelRef: &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(level)},
	}
	for _, c := range change {
		c(a)
	}
	return a
}

// noon is when the accounts of the tests were written.
var noon = metav1.NewTime(time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC))

// record is the account of an Application of 3942 seconds of budget, as the
// controller of Applications writes it.
func (w world) record(name, level string, result v1alpha1.ServiceLevelResult, left int64, availability v1alpha1.Percentage) *v1alpha1.AvailabilityRecord {
	r := &v1alpha1.AvailabilityRecord{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
	begin := metav1.NewTime(noon.Add(-15 * 24 * time.Hour))
	r.Current = &v1alpha1.CurrentAccount{
		Period: "2026-11", StartAt: begin, State: v1alpha1.IndicatorUp, Since: begin,
		Segments:     []v1alpha1.AccountSegment{{From: begin, ServiceLevel: v1alpha1.ObjectName(level), Generation: 1, Agreed: 788400, Budget: 3942}},
		Accumulators: v1alpha1.Accumulators{AsOf: noon, Agreed: 388400},
		Availability: availability, Budget: 3942, BudgetLeft: left, Result: result,
	}
	return r
}

// await returns an agreement as soon as it is as wanted; otherwise it ends the
// test and says what was missing.
func (w world) await(name string, wanted func(*v1alpha1.ServiceLevel) string) *v1alpha1.ServiceLevel {
	w.Helper()
	return controllertest.AwaitObject(w.World, agreement(name), wanted)
}

// start runs the controller until the test, or its Stop, ends it.
func (w world) start() *controllertest.Operator {
	w.Helper()
	return w.Operate(func(mgr ctrl.Manager, o *controllertest.Operator) error {
		m, err := metrics.NewServiceLevels(o.Registry)
		if err != nil {
			return err
		}
		return (&Reconciler{Common: o.Common, Metrics: m}).SetupWithManager(mgr, nil, controller.Options{})
	})
}

// looked waits until a run has looked at an agreement.
func (w world) looked(o *controllertest.Operator, level string) {
	w.Helper()
	controllertest.AwaitThat(w, "agreement "+level+" was looked at", func() bool {
		_, told := o.Metric("kdz_servicelevel_objective_ratio", "servicelevel", level)
		return told
	})
}
