// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Rights that requests on Exemptions need.
const (
	mayGrant    right = "exemptions/grant"
	mayOnBehalf right = "exemptions/onbehalf"
)

// roundMember is who records the decisions of the steering round in the tests.
const roundMember = "writer@example.org"

// exemption is one of amt-33 that writer may record: decided a while ago, with
// an end to come.
func exemption(name string, edits ...func(*v1alpha1.Exemption)) *v1alpha1.Exemption {
	e := &v1alpha1.Exemption{
		ObjectMeta: metav1.ObjectMeta{Namespace: unitOffice, Name: name},
		Spec: v1alpha1.ExemptionSpec{
			ApplicationRef: v1alpha1.LocalApplicationReference{Name: v1alpha1.ObjectName(name)},
			Reason:         "The state requires its own device",
			Decision: v1alpha1.Decision{
				Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved,
				DecidedOn: "2026-10-01", Reference: "SR-2026-10", DecidedBy: roundMember,
			},
			ExpiresOn: "2098-12-31",
		},
	}
	for _, edit := range edits {
		edit(e)
	}
	return e
}

// TestGrantExemption shows who may record an Exemption, and what of.
func TestGrantExemption(t *testing.T) {
	stored(t, namespaceOf("exempts-nobody", ""))
	t.Parallel()
	decidedBy := func(name v1alpha1.UserName) func(*v1alpha1.Exemption) {
		return func(e *v1alpha1.Exemption) { e.Spec.Decision.DecidedBy = name }
	}
	within := func(namespace string) func(*v1alpha1.Exemption) {
		return func(e *v1alpha1.Exemption) { e.Namespace = namespace }
	}
	for _, c := range []struct {
		name   string
		rights []right
		what   *v1alpha1.Exemption
		want   string
	}{
		{name: "by whom RBAC lets", what: exemption("e"), want: messageExemption("grant", unitOffice)},
		{name: "by the steering round", rights: []right{mayGrant}, what: exemption("e")},
		{name: "by a body of this namespace", rights: []right{"exemptions/grant@amt-33"}, what: exemption("e")},
		{name: "by a body of another namespace", rights: []right{"exemptions/grant@amt-10"}, what: exemption("e"), want: messageExemption("grant", unitOffice)},
		{name: "by the inventory", rights: []right{mayInventory, mayTransition, mayOnBehalf}, what: exemption("e"), want: messageExemption("grant", unitOffice)},
		{name: "in another's name", rights: []right{mayGrant}, what: exemption("e", decidedBy("steering-round@example.org")), want: messageOwnName(roundMember)},
		{name: "in another's name, on behalf", rights: []right{mayGrant, mayOnBehalf}, what: exemption("e", decidedBy("steering-round@example.org"))},
		{name: "in no unit", rights: []right{mayGrant}, what: exemption("e", within("exempts-nobody")), want: messageNoUnit("exempts-nobody")},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := writer(t, c.rights...).try(create, c.what)
			if c.want == "" {
				mustAccept(t, err)
				return
			}
			mustRefuse(t, err, "exemptions", c.want)
		})
	}
}

// TestExemptionDays shows that decisions lie behind and ends ahead, in days of
// Europe/Berlin.
func TestExemptionDays(t *testing.T) {
	t.Parallel()
	u := writer(t, mayGrant)
	days := func(decidedOn, expiresOn string) *v1alpha1.Exemption {
		return exemption("days", func(e *v1alpha1.Exemption) {
			e.Spec.Decision.DecidedOn, e.Spec.ExpiresOn = v1alpha1.Date(decidedOn), v1alpha1.Date(expiresOn)
		})
	}
	// Around midnight the test and the server may see different days.
	eventually(t, "days are counted", func() error {
		day := today(t)
		if err := u.try(create, days(day, day)); err != nil {
			return err
		}
		if err := refused(u.try(create, days(dayAfter(t, day, 1), "2098-12-31")), "exemptions", messageDecidedLater(day)); err != nil {
			return err
		}
		return refused(u.try(create, days("2026-01-01", dayBefore(t, day))), "exemptions", messageExpired(day))
	})
}

// TestChangeExemption shows who may change the labels of an Exemption and
// withdraw it, and that it goes with its namespace.
func TestChangeExemption(t *testing.T) {
	t.Parallel()
	ns := stored(t, namespaceOf("ends-with-exemption", unitOffice))
	e := stored(t, exemption("kept", func(e *v1alpha1.Exemption) { e.Namespace = ns.Name }, decidedByAdmin))
	labelled := e.DeepCopy()
	labelled.Labels = map[string]string{"a": "b"}
	mustRefuse(t, writer(t).try(update, labelled), "exemptions", messageExemption("change", ns.Name))
	mustAccept(t, writer(t, mayGrant).try(update, labelled))
	mustRefuse(t, writer(t).try(remove, e), "exemptions", messageExemption("withdraw", ns.Name))
	mustRefuse(t, writer(t).tryRemoveAll(&v1alpha1.Exemption{}, ns.Name), "exemptions", messageExemption("withdraw", ns.Name))
	mustAccept(t, writer(t, mayGrant).try(remove, e))

	// Withdrawn by whom may, it is cleaned up by the garbage collector.
	foreground := stored(t, exemption("in-foreground", decidedByAdmin))
	if err := admin(t).Delete(t.Context(), foreground, client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
		t.Fatal(err)
	}
	mustBeGone(t, foreground)

	if err := admin(t).Delete(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	mustBeGone(t, e)
	mustBeGone(t, ns)
}

// decidedByAdmin has the administrator have recorded it.
func decidedByAdmin(e *v1alpha1.Exemption) { e.Spec.Decision.DecidedBy = "kdz:admin" }
