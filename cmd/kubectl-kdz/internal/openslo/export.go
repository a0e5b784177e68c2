// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"strings"

	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// maxName is how long a name of OpenSLO may be everywhere.
const maxName = 63

// Application that is under a ServiceLevel.
type Application struct {
	Namespace, Name string
	DisplayName     v1alpha1.LocalisedText
}

// Export is a ServiceLevel in OpenSLO.
type Export struct {
	// YAML documents, each with "---" before it.
	YAML []byte
	// Warnings say what OpenSLO has no field for, and where it is now.
	Warnings []string
}

// FromLevel translates a ServiceLevel: an SLO and a Service for each
// Application under it, and an AlertPolicy for each rate at which its budget
// may burn. It is an error, which names the field, if the objective or the
// window cannot be said in OpenSLO.
func FromLevel(level *v1alpha1.ServiceLevel, apps []Application) (*Export, error) {
	timeWindow, err := windowOf(level)
	if err != nil {
		return nil, err
	}
	target, err := targetOf(level.Spec.Availability.Objective)
	if err != nil {
		return nil, err
	}
	annotations, paths, err := keep(&level.Spec)
	if err != nil {
		return nil, err
	}
	annotations[AnnotationLevel] = level.Name
	e := &Export{Warnings: warnings(level, paths)}
	if len(apps) == 0 {
		e.Warnings = append(e.Warnings, "no Application refers to it, so there is no service that an SLO could be about")
		return e, nil
	}
	policies := alertPolicies(level, timeWindow)
	for i := range policies {
		if err := e.add("", policies[i]); err != nil {
			return nil, err
		}
	}
	for _, app := range apps {
		service := Service{APIVersion: APIVersion, Kind: KindService, Metadata: Metadata{
			Name: serviceName(app), DisplayName: english(app.DisplayName),
			Annotations: map[string]string{AnnotationApplication: app.Namespace + "/" + app.Name},
		}}
		if err := e.add("", service); err != nil {
			return nil, err
		}
		if err := e.add(comment(level, paths), sloOf(level, app, timeWindow, target, annotations, policies)); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (e *Export) add(comment string, document any) error {
	content, err := yaml.Marshal(document)
	if err != nil {
		return err
	}
	e.YAML = append(e.YAML, "---\n"+comment...)
	e.YAML = append(e.YAML, bytes.TrimPrefix(content, []byte("---\n"))...)
	return nil
}

func sloOf(level *v1alpha1.ServiceLevel, app Application, w TimeWindow, target json.Number, kept map[string]string, policies []AlertPolicy) SLO {
	annotations := map[string]string{AnnotationApplication: app.Namespace + "/" + app.Name}
	maps.Copy(annotations, kept)
	s := SLO{
		APIVersion: APIVersion, Kind: KindSLO,
		Metadata: Metadata{Name: serviceName(app), DisplayName: english(level.Spec.DisplayName), Annotations: annotations},
		Spec: SLOSpec{
			Description: "Of the agreed time, that in which " + app.Namespace + "/" + app.Name + " was not down. The operator accounts it by the second and exports the counters.",
			Service:     serviceName(app),
			Indicator: &Indicator{
				Metadata: Metadata{Name: serviceName(app)},
				Spec: IndicatorSpec{RatioMetric: &RatioMetric{
					Counter: true,
					Bad:     counter("kdz_application_bad_seconds_total", level, app),
					Total:   counter("kdz_application_agreed_seconds_total", level, app),
				}},
			},
			TimeWindow:      []TimeWindow{w},
			BudgetingMethod: "Occurrences", // of seconds
			Objectives:      []Objective{{DisplayName: "availability", TargetPercent: &target}},
		},
	}
	for i := range policies {
		s.Spec.AlertPolicies = append(s.Spec.AlertPolicies, AlertPolicyUse{AlertPolicyRef: policies[i].Metadata.Name})
	}
	return s
}

func counter(metric string, level *v1alpha1.ServiceLevel, app Application) *Metric {
	return &Metric{MetricSource: MetricSource{Type: "Prometheus", Spec: map[string]any{
		"query": fmt.Sprintf("%s{namespace=%q,application=%q,service_level=%q}", metric, app.Namespace, app.Name, level.Name),
	}}}
}

// targetOf translates an objective.
func targetOf(objective v1alpha1.Percentage) (json.Number, error) {
	r, ok := new(big.Rat).SetString(string(objective))
	if !ok || r.Sign() < 0 {
		return "", fmt.Errorf("spec.availability.objective: %q is not a percentage, such as 99.5", objective)
	}
	if r.Cmp(big.NewRat(100, 1)) >= 0 {
		return "", fmt.Errorf("spec.availability.objective: %s is not below 100, and OpenSLO has no objective without a budget", objective)
	}
	return json.Number(objective), nil
}

// warnings name the fields that OpenSLO does not have.
func warnings(level *v1alpha1.ServiceLevel, paths []string) []string {
	var all []string
	if len(paths) > 0 {
		all = append(all, "OpenSLO has no field for spec."+strings.Join(paths, ", spec.")+"; annotations hold them, and `kubectl kdz import openslo` reads them back")
	}
	if level.Spec.ServiceHours != nil {
		all = append(all, "what reads the SLO without its annotations takes the objective as agreed around the clock; only the counters know the service hours")
	}
	if level.Spec.Decision != nil {
		all = append(all, "spec.decision is left out: it is evidence, and stays with the ServiceLevel")
	}
	if burns(level) {
		all = append(all, "the AlertPolicies are like the operator's rules and not equal to them: those compare seconds with the budget of the period, and OpenSLO's compare rates; their notificationTargets are empty, since a ServiceLevel names none")
	}
	return all
}

// comment is what a reader of the YAML has to know.
func comment(level *v1alpha1.ServiceLevel, paths []string) string {
	lines := "# ServiceLevel " + level.Name + ".\n"
	if len(paths) > 0 {
		lines += "# Not in OpenSLO, and kept in annotations: " + strings.Join(paths, ", ") + ".\n"
	}
	if level.Spec.Decision != nil {
		lines += "# Not in OpenSLO, and left out: decision.\n"
	}
	return lines
}

// serviceName is a name of OpenSLO for an Application: "namespace--name" where
// that is plain, and otherwise with a hash, so that no two are the same.
func serviceName(app Application) string {
	return plainName(app.Namespace+"--"+app.Name,
		!strings.Contains(app.Namespace, "--") && !strings.Contains(app.Name, "--"))
}

// plainName is the name if it is a label of RFC 1123 and nothing else can have
// it, or like it and with a hash.
func plainName(name string, unique bool) string {
	if unique && len(name) <= maxName && !strings.Contains(name, ".") {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	hash := "-" + hex.EncodeToString(sum[:4])
	name = strings.ReplaceAll(name, ".", "-")
	return strings.TrimRight(name[:min(len(name), maxName-len(hash))], "-") + hash
}

func english(t v1alpha1.LocalisedText) string {
	if t.EN != "" {
		return t.EN
	}
	return t.DE
}
