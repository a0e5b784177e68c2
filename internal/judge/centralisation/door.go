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
	// Without it the user has none.
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
	// Sentence of the rule that is broken, and the source of the part of it
	// that matters; 0 and empty unless Rule.
	Sentence int
	Source   Source
}

// Fields that refusals name.
const (
	fieldNamespace   = "metadata.namespace"
	fieldResponsible = "spec.responsible.unitRef.name"
	fieldOrigin      = "spec.origin"
	fieldProvider    = "spec.operation.provider"
	fieldUnit        = "spec.operation.unitRef"
	fieldSupportUnit = "spec.operation.supportUnitRef"
	fieldLegalBasis  = "spec.operation.legalBasis"
	fieldProcured    = "spec.operation.procuredThrough"
	fieldTransition  = "spec.operation.transition"
	fieldReview      = "spec.operation.review"
)

// Admit returns why a request is refused, in the order in which the admission
// policy looks, or nothing if it is not. The policy's message is the first.
func Admit(r Request) []Refusal {
	if r.New == nil {
		return nil
	}
	if r.Rules == nil {
		return []Refusal{{Message: `the operator has not compiled the GovernancePolicy default yet, so that nothing can be admitted: wait until "kubectl get itpolicy default" shows when it was compiled`}}
	}
	v := visit{Request: r, now: &r.New.Spec.Operation}
	if r.Old != nil {
		v.old = &r.Old.Spec.Operation
	}
	var refusals []Refusal
	for _, guard := range guards {
		if refusal, refused := guard(&v); refused {
			refusals = append(refusals, refusal)
		}
	}
	return refusals
}
