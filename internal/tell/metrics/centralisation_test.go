// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

func TestCentralisation(t *testing.T) {
	r := prometheus.NewRegistry()
	m, err := NewCentralisation(r)
	if err != nil {
		t.Fatal(err)
	}
	key := func(name string) types.NamespacedName { return types.NamespacedName{Namespace: "amt-33", Name: name} }
	end := time.Unix(1_830_000_000, 0)
	m.Fleet(v1alpha1.CentralisationCounts{
		Compliant: 1, Exempt: 2, UnderReview: 3, InTransition: 4, Violating: 5, OutOfScope: 6, Unknown: 7,
	})
	m.Compiled(&metav1.Time{Time: end.Add(-time.Hour)})
	m.SetExemption(key("holds"), v1alpha1.ExemptionActive, end)
	m.SetExemption(key("over"), v1alpha1.ExemptionExpired, end)
	m.SetExemption(key("gone"), v1alpha1.ExemptionActive, end)
	m.ForgetExemption(key("gone"))
	m.SetExemption(key("unusable"), v1alpha1.ExemptionActive, end)
	m.SetExemption(key("unusable"), "", time.Time{})
	want := map[string]float64{
		"kdz_centralisation_applications verdict=Compliant":                                      1,
		"kdz_centralisation_applications verdict=Exempt":                                         2,
		"kdz_centralisation_applications verdict=UnderReview":                                    3,
		"kdz_centralisation_applications verdict=InTransition":                                   4,
		"kdz_centralisation_applications verdict=Violating":                                      5,
		"kdz_centralisation_applications verdict=OutOfScope":                                     6,
		"kdz_centralisation_applications verdict=Unknown":                                        7,
		"kdz_centralisation_exemptions state=Pending":                                            0,
		"kdz_centralisation_exemptions state=Active":                                             1,
		"kdz_centralisation_exemptions state=Expiring":                                           0,
		"kdz_centralisation_exemptions state=Expired":                                            1,
		"kdz_centralisation_exemptions state=Unneeded":                                           0,
		"kdz_centralisation_exemption_expiry_timestamp_seconds exemption=holds namespace=amt-33": 1_830_000_000,
		"kdz_centralisation_policy_compiled_timestamp_seconds":                                   1_829_996_400,
	}
	if diff := cmp.Diff(want, series(t, r)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	m.Compiled(nil)
	if _, told := series(t, r)["kdz_centralisation_policy_compiled_timestamp_seconds"]; told {
		t.Error("it is told when a policy was compiled that is gone")
	}
	if _, err := NewCentralisation(r); err == nil {
		t.Error("the same metrics were registered twice")
	}
	var none *Centralisation
	none.Fleet(v1alpha1.CentralisationCounts{})
	none.Compiled(nil)
	none.SetExemption(key("none"), v1alpha1.ExemptionActive, end)
	none.ForgetExemption(key("none"))
}

func TestVerdictOfAnApplication(t *testing.T) {
	r := prometheus.NewRegistry()
	m, err := NewApplications(r)
	if err != nil {
		t.Fatal(err)
	}
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "a"}}
	a.Status.OperationalState, a.Status.Centralisation = v1alpha1.StatePlanned, v1alpha1.VerdictViolating
	m.Set(a)
	a.Status.Centralisation = v1alpha1.VerdictExempt
	m.Set(a)
	want := map[string]float64{
		"kdz_application_state application=a namespace=amt-33 state=Planned":       1,
		"kdz_centralisation_verdict application=a namespace=amt-33 verdict=Exempt": 1,
	}
	if diff := cmp.Diff(want, series(t, r)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}
