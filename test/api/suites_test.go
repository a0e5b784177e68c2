// SPDX-License-Identifier: Apache-2.0

package api

// suites are all there is to show, by valid object.
var suites = []suite{
	{base: "OrganisationalUnit", fields: organisationalUnitFields, status: organisationalUnitStatus, rules: organisationalUnitRules},
	{base: "Application", fields: applicationFields, status: applicationStatus, rules: applicationRules, transitions: applicationTransitions},
	{base: "Application.sap", fields: sapFields, rules: sapRules},
	{base: "Application.windows", fields: windowsFields},
	{base: "Application.kubernetes", fields: kubernetesFields, rules: kubernetesRules},
	{base: "Application.saas", fields: saasFields},
	{base: "Application.state", fields: stateFields, rules: stateRules},
	{base: "Application.decentral", fields: decentralFields, rules: decentralRules},
	{base: "Application.unbacked", fields: unbackedFields, rules: unbackedRules},
	{base: "AvailabilityRecord", fields: availabilityRecordFields, rules: availabilityRecordRules},
	{base: "ServiceLevel", fields: serviceLevelFields, status: serviceLevelStatus, rules: serviceLevelRules, statusRules: recordedTerms},
	{base: "ServiceLevel.rolling", fields: rollingFields, rules: rollingRules},
	{base: "Project", fields: projectFields, status: projectStatus, rules: projectRules},
	{base: "Handover", fields: handoverFields, status: handoverStatus, rules: handoverRules},
	{base: "SignOff", fields: signOffFields, rules: signOffRules, transitions: signOffTransitions},
	{base: "Exemption", fields: exemptionFields, status: exemptionStatus, rules: exemptionRules, transitions: exemptionTransitions},
	{base: "GovernancePolicy", fields: governancePolicyFields, status: governancePolicyStatus, rules: governancePolicyRules},
}
