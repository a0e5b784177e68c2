// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/internal/judge/availability"
)

const (
	// inFlight is how many writes are under way at once: an API server takes
	// most a second near there.
	inFlight = 16
	// rootUnit is above all other units.
	rootUnit = "kdz-16"
	// agreement is the ServiceLevel that all Applications are under, one of the
	// catalogue.
	agreement = "around-the-clock"
)

// applicationName returns the name of an Application; all have the same length.
func applicationName(n int) string { return fmt.Sprintf("app-%06d", n) }

// newApplication is an Application as a catalogue has them: about 1.8 KB of
// JSON, with much that a controller does not look at. What it runs on offers
// nothing to ask, so that its endpoints are all that is looked at.
func newApplication(namespace, unit string, n int, endpoints ...v1alpha1.Endpoint) *v1alpha1.Application {
	name := applicationName(n)
	number := fmt.Sprintf("B-%06d", n)
	ref := &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(unit)}
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name,
			Labels: map[string]string{"app.kubernetes.io/part-of": "catalogue", "example.org/priority": "2"},
			Annotations: map[string]string{
				"example.org/source":   "inventory of the units, April 2026, annex 6.1",
				"example.org/inferred": "spec.operation.provider,spec.operation.supportUnitRef,spec.operation.unitRef",
			},
		},
		Spec: v1alpha1.ApplicationSpec{
			DisplayName: v1alpha1.LocalisedText{DE: "Fachverfahren " + name, EN: "Specialist procedure " + name},
			Description: strings.Repeat("What it does, for whom, and since when. ", 6),
			Origin:      v1alpha1.OriginExisting,
			Lifecycle:   v1alpha1.LifecycleOperating,
			Release:     &v1alpha1.Release{Version: "2026.2.1", InstalledOn: "2026-05-04", TestedOn: "2026-04-28"},
			Responsible: v1alpha1.Responsible{
				UnitRef:            *ref,
				ApplicationManager: &v1alpha1.Person{Name: "Team Fachverfahren", Email: "verfahren@kdz.example"},
			},
			Operation: v1alpha1.Operation{
				Provider: v1alpha1.ProviderKDZ, UnitRef: ref, SupportUnitRef: ref,
				Serves: []v1alpha1.Clientele{v1alpha1.ClienteleCity}, Clients: ptr.To[int32](3),
			},
			Protection: &v1alpha1.Protection{
				Confidentiality: v1alpha1.ProtectionHigh, Integrity: v1alpha1.ProtectionHigh,
				Availability: v1alpha1.ProtectionHigh, PersonalData: true,
			},
			Sovereignty:     ptr.To[int32](2),
			ServiceLevelRef: &v1alpha1.ServiceLevelReference{Name: agreement},
			Endpoints:       endpoints,
			Hosting: &v1alpha1.Hosting{
				Platform: v1alpha1.PlatformSaaS,
				SaaS: &v1alpha1.SaaSHosting{
					Supplier: "Example Verfahren GmbH, Rechenzentrum Mainz", Region: "DE",
					DataProcessingAgreement: "Agreement on commissioned processing after Article 28 GDPR of 4 May 2026, annex 2",
				},
			},
			Contracts: []v1alpha1.Contract{{
				Number: number, Name: "Support of the procedure", Type: v1alpha1.ContractSupport, Supplier: "Example Verfahren GmbH",
				EndsOn: "2038-12-31", NoticePeriodDays: ptr.To[int32](180), AnnualCostEUR: ptr.To[int64](48000),
			}},
			OnlineServices: []v1alpha1.OnlineService{{OZGService: "Bibliotheksausweis", Name: "Ausweis beantragen", Maturity: ptr.To[int32](3)}},
		},
	}
}

// newUnit creates a unit with a namespace, both of the same name.
func (p *plane) newUnit(ctx context.Context, name string) error {
	unit := &v1alpha1.OrganisationalUnit{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.OrganisationalUnitSpec{
			Number: "16", Type: v1alpha1.UnitKDZ, DisplayName: v1alpha1.LocalisedText{DE: "Einheit " + name, EN: "Unit " + name},
		},
	}
	if name != rootUnit {
		unit.Spec.ParentRef = &v1alpha1.UnitReference{Name: rootUnit}
	}
	if err := p.admin.Create(ctx, unit); err != nil {
		return err
	}
	err := p.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{v1alpha1.LabelUnit: name},
	}})
	if err != nil || !p.closed {
		return err
	}
	return p.open(ctx, name, nil)
}

// found creates the root of the units and the agreement.
func (p *plane) found(ctx context.Context) error {
	if err := p.newUnit(ctx, rootUnit); err != nil {
		return err
	}
	_, err := p.kubectl(ctx, "apply", "--server-side", "-f", filepath.Join("config", "samples", "mainz", "10-service-levels", "service-levels.yaml"))
	return err
}

// revise records what the agreement says, where nobody runs whose task it is: no
// account is kept under one of which nothing is recorded.
func (p *plane) revise(ctx context.Context) error {
	level := &v1alpha1.ServiceLevel{}
	if err := p.admin.Get(ctx, client.ObjectKey{Name: agreement}, level); err != nil {
		return err
	}
	before := level.DeepCopy()
	level.Status.Revisions, _ = availability.AddRevision(level, time.Now())
	return p.admin.Status().Patch(ctx, level, client.MergeFrom(before))
}

// createAll creates so many Applications.
func (p *plane) createAll(ctx context.Context, count int, application func(n int) *v1alpha1.Application) error {
	c, err := client.New(rest.CopyConfig(p.Config), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for n := range count {
		group.Go(func() error { return c.Create(ctx, application(n)) })
	}
	return group.Wait()
}
