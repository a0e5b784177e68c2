// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"os"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
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

// newWorld returns a world without units, and leaves none behind.
func newWorld(t *testing.T) world {
	t.Helper()
	return world{controllertest.NewWorld(t, "units-", &v1alpha1.Application{}, &v1alpha1.OrganisationalUnit{})}
}

// createUnit creates a unit below another, or at the top.
func (w world) createUnit(name, parent string) {
	w.Helper()
	u := newUnit(name, parent)
	u.Generation = 0
	w.Create(u)
}

// createApplication creates an Application that the units operate, answer for
// and support, in this order. One alone does both of the first.
func (w world) createApplication(name string, units ...string) {
	w.Helper()
	w.Create(w.application(name, units...))
}

func (w world) application(name string, units ...string) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
	a.Spec.DisplayName.DE = name
	a.Spec.Origin = v1alpha1.OriginExisting
	a.Spec.Lifecycle = v1alpha1.LifecycleOperating
	a.Spec.Protection = &v1alpha1.Protection{Availability: v1alpha1.ProtectionHigh}
	a.Spec.Operation.Provider = v1alpha1.ProviderKDZ
	ref := func(unit string) v1alpha1.UnitReference {
		return v1alpha1.UnitReference{Name: v1alpha1.ObjectName(unit)}
	}
	a.Spec.Operation.UnitRef = new(ref(units[0]))
	a.Spec.Responsible.UnitRef = ref(units[min(1, len(units)-1)])
	if len(units) > 2 {
		a.Spec.Operation.SupportUnitRef = new(ref(units[2]))
	}
	return a
}

// setState writes the status of an Application as its own controller would.
func (w world) setState(name string, s v1alpha1.OperationalState, message string) {
	w.Helper()
	a := &v1alpha1.Application{}
	a.Name, a.Namespace = name, w.Namespace
	before := a.DeepCopy()
	a.Status.OperationalState = s
	a.Status.Centralisation = v1alpha1.VerdictCompliant
	a.Status.Since = new(metav1.Now())
	if message != "" {
		a.Status.Cause = &v1alpha1.Cause{Kind: v1alpha1.CauseEndpoint, Name: "portal", Message: message}
	}
	w.Must(w.Client.Status().Patch(w.Context(), a, client.MergeFrom(before)))
}

// setParent moves a unit below another, or to the top.
func (w world) setParent(name, parent string) {
	w.Helper()
	controllertest.Alter(w.World, newUnit(name, ""), func(u *v1alpha1.OrganisationalUnit) {
		u.Spec.ParentRef = nil
		if parent != "" {
			u.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
		}
	})
}

// await returns a unit as soon as it is as wanted; otherwise it ends the test
// and says what was missing.
func (w world) await(name string, wanted func(*v1alpha1.OrganisationalUnit) string) *v1alpha1.OrganisationalUnit {
	w.Helper()
	return controllertest.AwaitObject(w.World, newUnit(name, ""), wanted)
}

func (w world) unit(name string) *v1alpha1.OrganisationalUnit {
	w.Helper()
	return controllertest.Get(w.World, newUnit(name, ""))
}

// start runs the controller until the test, or its Stop, ends it.
func (w world) start() *controllertest.Operator {
	w.Helper()
	return w.Operate(func(mgr ctrl.Manager, o *controllertest.Operator) error {
		m, err := metrics.NewUnits(o.Registry)
		if err != nil {
			return err
		}
		return (&Reconciler{Common: o.Common, Metrics: m}).SetupWithManager(mgr, nil, controller.Options{})
	})
}
