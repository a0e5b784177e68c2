// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"fmt"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// What the server refuses, in its words (config/admission/signoffs.yaml).
const (
	// MessageNotVacant refuses to stand in for a role that is not vacant.
	MessageNotVacant = "the GovernancePolicy does not list this spec.role as vacant (spec.handovers.vacantRoles): leave out spec.onBehalfOfVacantRole, and have somebody sign who holds the role"
	// MessageNoStandIn refuses who holds no other role.
	MessageNoStandIn = "you may not stand in for a vacant role: have somebody sign who holds another role of the handover (a right on handovers, such as handovers/providermanagement; that of the project lead does not do for Operations)"
)

// MessageNoRole refuses who does not hold the role.
func MessageNoRole(role v1alpha1.SignOffRole) string {
	return fmt.Sprintf("you may not sign for %s: have somebody sign who holds that role (right %s), or set spec.role to one that you hold", role, acceptance.RightOf(role))
}

// MessageOtherName refuses another name than the own.
func MessageOtherName(own v1alpha1.UserName) string {
	return fmt.Sprintf("spec.signedBy must be your own user name %s: set it, or have the other person sign (right signoffs/onbehalf lets a pipeline name others)", own)
}

// StandIns are the roles of which one must be held to stand in for another.
func StandIns(vacant v1alpha1.SignOffRole) []v1alpha1.SignOffRole {
	var others []v1alpha1.SignOffRole
	for _, role := range roles {
		delivers := role == v1alpha1.RoleProjectLead && vacant == v1alpha1.RoleOperations // and does not accept
		if role != vacant && !delivers {
			others = append(others, role)
		}
	}
	return others
}
