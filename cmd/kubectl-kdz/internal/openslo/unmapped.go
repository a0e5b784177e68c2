// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"fmt"
	"slices"
	"strings"
)

// unmapped names each field of an SLO that a ServiceLevel has no place for, and
// says what there is instead.
func unmapped(s *SLO) []string {
	var all []string
	note := func(has bool, path, instead string) {
		if has {
			all = append(all, path+" is not taken over: "+instead)
		}
	}
	note(len(s.Metadata.Labels) > 0, "metadata.labels", "put what is needed on the ServiceLevel yourself")
	if others := foreign(s.Metadata.Annotations); len(others) > 0 {
		note(true, "metadata.annotations["+strings.Join(others, ", ")+"]", "put what is needed on the ServiceLevel yourself")
	}
	spec := &s.Spec
	note(spec.Description != "", "spec.description", "a ServiceLevel has a displayName only")
	note(true, "spec.service "+spec.Service, "an Application names its ServiceLevel in spec.serviceLevelRef")
	note(spec.Indicator != nil, "spec.indicator", indicator)
	note(spec.IndicatorRef != "", "spec.indicatorRef", indicator)
	note(spec.BudgetingMethod != "Occurrences", "spec.budgetingMethod "+spec.BudgetingMethod, "time is counted by the second")
	for i := range spec.Objectives {
		all = append(all, unmappedObjective(fmt.Sprintf("spec.objectives[%d]", i), &spec.Objectives[i])...)
	}
	note(len(spec.AlertPolicies) > 0, "spec.alertPolicies", "the operator's own rules alert of an agreement, unless it wants none")
	return all
}

const indicator = "the operator tells availability by what the Application declares (spec.indicator, else its endpoints)"

func unmappedObjective(path string, o *Objective) []string {
	var all []string
	note := func(has bool, field, instead string) {
		if has {
			all = append(all, path+"."+field+" is not taken over: "+instead)
		}
	}
	note(o.DisplayName != "" && o.DisplayName != "availability", "displayName", "an objective has no name")
	note(o.Op != "", "op", "a second is up or down")
	note(o.Value != nil, "value", "a second is up or down; see spec.latency of a ServiceLevel for what is slow")
	note(o.TimeSliceTarget != nil, "timeSliceTarget", "time is counted by the second")
	note(o.TimeSliceWindow != nil, "timeSliceWindow", "time is counted by the second")
	note(o.CompositeWeight != nil, "compositeWeight", "there are no composite objectives")
	return all
}

// foreign are the names of annotations that are not ours, in order.
func foreign(annotations map[string]string) []string {
	var names []string
	for name := range annotations {
		if name != AnnotationLevel && name != AnnotationApplication && !strings.HasPrefix(name, annotationField) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
