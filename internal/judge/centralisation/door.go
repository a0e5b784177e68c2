// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Right is something that only some may do at the door. It is a virtual
// subresource, on which the verb create is granted.
type Right string

// Rights that requests on Applications need.
const (
	// RightOperate is organisationalunits/operate, by the name of the unit.
	RightOperate Right = "operate"
	// RightInventory is applications/inventory.
	RightInventory Right = "inventory"
	// RightStateService is applications/stateservice.
	RightStateService Right = "stateservice"
	// RightTransition is applications/transition.
	RightTransition Right = "transition"
)

// Request is a request to create or change an Application.
type Request struct {
	// Old is the Application before; nil if it is created.
	Old *v1alpha1.Application
	// New is the Application as it would be.
	New *v1alpha1.Application
	// Unit that the namespace belongs to; empty if it has no label.
	Unit string
	// Rules of the policy; nil if it was not compiled.
	Rules *Rules
	// ExemptUntil is the first moment at which the name is not exempt any more,
	// as the policy's exemptionIndex has it; zero if it is not in there.
	ExemptUntil time.Time
	// May says whether the user has a right; unit is set for RightOperate only.
	May func(right Right, unit string) bool
	// Now is the moment of the request.
	Now time.Time
}

// Refusal is why a request is refused.
type Refusal struct {
	// Field of the Application that is the matter.
	Field string
	// Message says what is wrong, who may do it, and what to do instead: word
	// for word what the admission policy says.
	Message string
	// Rule says whether this is the rule itself, which the policy's enforcement
	// may soften to a warning or a note. Who may claim what is never softened.
	Rule bool
}

// Admit returns why a request is refused, in the order in which the admission
// policy looks, or nothing if it is not.
func Admit(r Request) []Refusal {
	return nil
}
