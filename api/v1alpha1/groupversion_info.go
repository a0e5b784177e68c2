// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of every kind of this package.
const GroupName = "kdz.mainz.de"

// GroupVersion is the group and version of every kind of this package.
var GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

// AddToScheme registers every kind of this package with a scheme.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&OrganisationalUnit{}, &OrganisationalUnitList{},
		&Application{}, &ApplicationList{},
		&AvailabilityRecord{}, &AvailabilityRecordList{},
		&ServiceLevel{}, &ServiceLevelList{},
		&Project{}, &ProjectList{},
		&Handover{}, &HandoverList{},
		&SignOff{}, &SignOffList{},
		&Exemption{}, &ExemptionList{},
		&GovernancePolicy{}, &GovernancePolicyList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}

// Resource returns the group resource of a plural name of this group, such as
// "applications".
func Resource(plural string) schema.GroupResource {
	return GroupVersion.WithResource(plural).GroupResource()
}
