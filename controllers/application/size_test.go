// SPDX-License-Identifier: Apache-2.0

package application

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
)

// maxStatus is what the status of an Application may hold, in bytes of JSON.
const maxStatus = 8 << 10

// TestStatusIsBounded: a status in which everything is told at once stays within
// its bound: as many endpoints as there may be, all of them down and talkative,
// and the summary of an account beside them.
func TestStatusIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-10", Name: "shop", Generation: 3}}
	app.Spec.Lifecycle = v1alpha1.LifecycleOperating
	app.Spec.Hosting = &v1alpha1.Hosting{Platform: "Linux"}
	app.Spec.Backup = &v1alpha1.Backup{}
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: "office-hours"}
	for i := range 32 {
		app.Spec.Endpoints = append(app.Spec.Endpoints, v1alpha1.Endpoint{Name: v1alpha1.ItemName(fmt.Sprintf("endpoint-%02d", i))})
	}
	s := newScope(app, now)
	for i := range app.Spec.Endpoints {
		d := &app.Spec.Endpoints[i]
		s.endpoints = append(s.endpoints, seenEndpoint{declared: d, seen: observe.Observation{
			Name: string(d.Name), State: observe.StateDown, Since: now, Reason: "ConnectionRefused",
			Message: strings.Repeat("the connection was refused ", 20), CertificateNotAfter: now.AddDate(0, 6, 0),
		}})
	}
	s.judge()
	s.account.scope.Level = "office-hours"
	s.account.judged = &availability.Judgement{
		Reason: v1alpha1.ReasonBreached, Message: "99.40118 % of 99.5 % agreed in 2026-11; the budget of 1h5m42s is exceeded by 12m58s",
		Summary: &v1alpha1.ServiceLevelSummary{
			Period: "2026-11", AsOf: metav1.NewTime(now), AgreedSeconds: 788400, ChargedSeconds: 4720, UnobservedSeconds: 12345,
			BudgetSeconds: 3942, BudgetLeftSeconds: -778, Objective: "99.5", Availability: "99.40118", Result: v1alpha1.ResultBreached,
		},
	}
	s.tell()
	data, err := json.Marshal(&s.app.Status)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(data))
	if len(data) > maxStatus {
		t.Errorf("the status has %d bytes, more than %d", len(data), maxStatus)
	}
}
