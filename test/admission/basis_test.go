// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// basisKey is the annotation of the audit log that says on what basis IT was let
// in that the KDZ does not provide.
const basisKey = "applications.kdz.mainz.de/centralisation"

// TestBasisIsNotedInTheAuditLog shows that the audit log says on what basis
// decentral IT was let in, and is silent in the ordinary case.
func TestBasisIsNotedInTheAuditLog(t *testing.T) {
	t.Parallel()
	index(t, map[string]string{"amt-33/basis-exempt": far})
	for _, c := range []struct {
		app    *v1alpha1.Application
		rights []right
		want   string
	}{
		{app: application("amt-37-ils", "basis-unit", decentral), want: "unit amt-37-ils is Exempt"},
		{app: application("wb", "basis-review-of-unit", bought), want: "unit wb is UnderReview"},
		{app: application(unitOffice, "basis-exempt", decentral), want: "exemption until " + far},
		{app: application(unitOffice, "basis-plan", decentral, transition("p", "2027-06-30")), rights: []right{mayTransition}, want: "transition until the end of 2027-06-30"},
		{app: application(unitOffice, "basis-review", decentral, review("2027-06-30", "amt-10")), rights: []right{mayTransition}, want: "review until the end of 2027-06-30"},
		{app: application(unitOffice, "basis-right", decentral), rights: []right{mayInventory}, want: "right applications/inventory, or refused"},
	} {
		mustAccept(t, editor(t, c.rights...).try(create, c.app))
		awaitNote(t, c.app.Name, basisKey, c.want)
	}
	// What follows stands in the log when what came before does not.
	mustAccept(t, editor(t).try(create, application(unitOffice, "basis-ordinary")))
	mustAccept(t, editor(t).try(create, application("amt-37-ils", "basis-after", decentral)))
	awaitNote(t, "basis-after", basisKey, "unit amt-37-ils is Exempt")
	if values, err := noted(t, "basis-ordinary", basisKey); len(values) > 0 || err != nil {
		t.Errorf("what the KDZ provides is noted as %q, %v", values, err)
	}
}
