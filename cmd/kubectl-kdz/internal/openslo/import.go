// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Import is what was made of documents of OpenSLO.
type Import struct {
	// Levels, in the order of the documents. Documents of which the same
	// ServiceLevel was made count once.
	Levels []v1alpha1.ServiceLevel
	// Notes name each field that a ServiceLevel has no place for.
	Notes []string
}

// YAML is the ServiceLevels as YAML documents, without status.
func (i *Import) YAML() ([]byte, error) {
	var all []byte
	for n := range i.Levels {
		content, err := yaml.Marshal(&i.Levels[n])
		if err != nil {
			return nil, err
		}
		all = append(all, "---\n# Without spec.decision the level is a finding of the audit: a body has to approve it.\n"...)
		all = append(all, content...)
	}
	return all, nil
}

// Read translates the SLOs of a stream of YAML or JSON into ServiceLevels. It
// is all or nothing: an error names each document that cannot be translated,
// the field, and what would be right.
func Read(from io.Reader) (*Import, error) {
	documents, problems := read(from)
	result := &Import{}
	sources := map[string]string{}
	for n := range documents {
		d := &documents[n]
		if d.head.Kind != KindSLO {
			problems = append(problems, result.other(d)...)
			continue
		}
		level, errs := result.slo(d)
		if len(errs) > 0 {
			problems = append(problems, errs...)
			continue
		}
		i := slices.IndexFunc(result.Levels, func(l v1alpha1.ServiceLevel) bool { return l.Name == level.Name })
		switch {
		case i < 0:
			result.Levels = append(result.Levels, *level)
			sources[level.Name] = d.name()
		case !reflect.DeepEqual(result.Levels[i], *level):
			problems = append(problems, fmt.Errorf("%s: makes another ServiceLevel %s than %s", d.name(), level.Name, sources[level.Name]))
		}
	}
	if len(problems) == 0 && len(result.Levels) == 0 {
		problems = append(problems, errors.New("there is no SLO in the input"))
	}
	if extra := len(problems) - maxErrors; extra > 0 {
		problems = append(problems[:maxErrors], fmt.Errorf("and %d more", extra))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return result, nil
}

// other notes a document that is no SLO.
func (i *Import) other(d *document) []error {
	switch d.head.Kind {
	case KindService, KindAlertPolicy, "SLI", "DataSource", kindCondition, "AlertNotificationTarget":
		i.Notes = append(i.Notes, d.name()+": not needed for a ServiceLevel")
		return nil
	default:
		return []error{fmt.Errorf("%s: kind: %q is no kind of %s", d.name(), d.head.Kind, APIVersion)}
	}
}

// slo translates an SLO.
func (i *Import) slo(d *document) (*v1alpha1.ServiceLevel, []error) {
	s := &SLO{}
	if problems := d.decode(s); len(problems) > 0 {
		return nil, problems
	}
	level := &v1alpha1.ServiceLevel{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ServiceLevel"}}
	var problems []*fieldError
	wrong := func(e *fieldError) {
		if e != nil {
			problems = append(problems, e)
		}
	}
	for _, e := range restore(s.Metadata.Annotations, &level.Spec) {
		wrong(e)
	}
	wrong(naming(s, level))
	w, zone, e := window(s.Spec.TimeWindow)
	level.Spec.Availability.Window = w
	wrong(e)
	if e == nil {
		wrong(inZone(&level.Spec, zone))
	}
	objective, e := objective(s.Spec.Objectives)
	level.Spec.Availability.Objective = objective
	wrong(e)
	if m := s.Spec.BudgetingMethod; !slices.Contains([]string{"Occurrences", "Timeslices", "RatioTimeslices"}, m) {
		wrong(at("spec.budgetingMethod", "%q is not Occurrences, Timeslices or RatioTimeslices", m))
	}
	if (s.Spec.Indicator == nil) == (s.Spec.IndicatorRef == "") && !composite(s.Spec.Objectives) {
		wrong(at("spec", "must have exactly one of indicator and indicatorRef"))
	}
	if len(s.Spec.AlertPolicies) == 0 && level.Spec.Alerting == nil {
		level.Spec.Alerting = &v1alpha1.Alerting{BurnRate: burnRateDisabled}
	}
	var errs []error
	for _, e := range problems {
		errs = append(errs, fmt.Errorf("%s: %w", d.name(), e))
	}
	for _, path := range unmapped(s) {
		i.Notes = append(i.Notes, d.name()+": "+path)
	}
	return level, errs
}

// naming fills in the names of a ServiceLevel.
func naming(s *SLO, level *v1alpha1.ServiceLevel) *fieldError {
	path, name := "metadata.annotations["+AnnotationLevel+"]", s.Metadata.Annotations[AnnotationLevel]
	if name == "" {
		path, name = "metadata.name", s.Metadata.Name
	}
	level.Name = name
	if level.Spec.DisplayName == (v1alpha1.LocalisedText{}) {
		level.Spec.DisplayName.EN = s.Metadata.DisplayName
		if s.Metadata.DisplayName == "" {
			level.Spec.DisplayName.EN = name
		}
	}
	if n := len([]rune(s.Metadata.DisplayName)); n > 256 {
		return at("metadata.displayName", "has %d characters, and that of a ServiceLevel at most 256", n)
	}
	if bad := validation.IsDNS1123Subdomain(name); len(bad) > 0 || len(name) > maxName {
		return at(path, "%q is no name of a ServiceLevel, which has at most 63 of a-z, 0-9, - and ., such as office-hours", name)
	}
	return nil
}

// inZone makes the spec count in a time zone: that of the service hours, which
// are around the clock if there are none yet.
func inZone(spec *v1alpha1.ServiceLevelSpec, zone string) *fieldError {
	has := zoneOf(spec.ServiceHours)
	switch {
	case zone == "" || zone == has:
		return nil
	case spec.ServiceHours != nil:
		return at("spec.timeWindow[0].calendar.timeZone", "is %s, but the service hours in the annotation are in %s; a ServiceLevel has one time zone", zone, has)
	}
	spec.ServiceHours = &v1alpha1.ServiceHours{TimeZone: v1alpha1.TimeZone(zone), Weekly: []v1alpha1.WeeklyHours{{
		Days: []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}, From: "00:00", To: "24:00",
	}}}
	return nil
}

func composite(objectives []Objective) bool {
	return slices.ContainsFunc(objectives, func(o Objective) bool { return o.Indicator != nil || o.IndicatorRef != "" })
}

// decimal is a number without an exponent, as short as numbers here may be.
var decimal = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,20})?$`)

// objective translates the objectives of an SLO, of which there must be one.
func objective(all []Objective) (v1alpha1.Percentage, *fieldError) {
	if len(all) != 1 {
		return "", at("spec.objectives", "has %d objectives, and a ServiceLevel has exactly one; make an SLO of each", len(all))
	}
	o := &all[0]
	switch {
	case o.Indicator != nil || o.IndicatorRef != "":
		return "", at("spec.objectives[0]", "has an indicator of its own; a ServiceLevel has no composite objectives")
	case (o.Target == nil) == (o.TargetPercent == nil):
		return "", at("spec.objectives[0]", "must have exactly one of target and targetPercent")
	}
	path, given, factor := "spec.objectives[0].targetPercent", o.TargetPercent, int64(1)
	if o.Target != nil {
		path, given, factor = "spec.objectives[0].target", o.Target, 100
	}
	if !decimal.MatchString(given.String()) {
		return "", at(path, "%s is not a decimal number such as 0.995 (target) or 99.5 (targetPercent)", given)
	}
	value, ok := new(big.Rat).SetString(given.String())
	if !ok {
		return "", at(path, "%s is no number", given)
	}
	value.Mul(value, big.NewRat(factor, 1))
	if value.Cmp(big.NewRat(100, 1)) >= 0 {
		return "", at(path, "%s is not below %d", given, 100/factor)
	}
	text := value.FloatString(5)
	if exact, _ := new(big.Rat).SetString(text); exact.Cmp(value) != 0 {
		return "", at(path, "%s has more decimals than the objective of a ServiceLevel, which has five of a percentage", given)
	}
	return v1alpha1.Percentage(strings.TrimSuffix(strings.TrimRight(text, "0"), ".")), nil
}
