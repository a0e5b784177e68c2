// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/demo/catalogue"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// samplesDir is the catalogue as it is shipped.
const samplesDir = "../../../../config/samples/mainz"

// shipped is what the rule reads of the files of the catalogue.
type shipped struct {
	policy       *v1alpha1.GovernancePolicy
	units        []*v1alpha1.OrganisationalUnit
	exemptions   []*v1alpha1.Exemption
	applications map[string]*v1alpha1.Application
	unitOf       map[string]string // by namespace
}

func loadShipped(t *testing.T) shipped {
	t.Helper()
	files, err := catalogue.Load(samplesDir)
	if err != nil {
		t.Fatal(err)
	}
	s := shipped{applications: map[string]*v1alpha1.Application{}, unitOf: map[string]string{}}
	read := func(o catalogue.Object, into any) {
		t.Helper()
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
			t.Fatalf("%s: %v", o, err)
		}
	}
	for _, o := range files.Objects() {
		switch o.GetKind() {
		case "GovernancePolicy":
			s.policy = &v1alpha1.GovernancePolicy{}
			read(o, s.policy)
		case "OrganisationalUnit":
			u := &v1alpha1.OrganisationalUnit{}
			read(o, u)
			s.units = append(s.units, u)
		case "Exemption":
			e := &v1alpha1.Exemption{}
			read(o, e)
			s.exemptions = append(s.exemptions, e)
		case "Application":
			a := &v1alpha1.Application{}
			read(o, a)
			s.applications[a.Namespace+"/"+a.Name] = a
		case "Namespace":
			s.unitOf[o.GetName()] = o.GetLabels()[v1alpha1.LabelUnit]
		}
	}
	if s.policy == nil || len(s.units) == 0 || len(s.applications) == 0 {
		t.Fatal("the catalogue lacks the policy, the units or the applications")
	}
	return s
}

// judge compiles the policy as the operator does, and judges each application.
func (s shipped) judge(now time.Time) map[string]centralisation.Judgement {
	c := centralisation.Compile(&s.policy.Spec.Centralisation, s.units, s.exemptions, now)
	policy := s.policy.DeepCopy()
	policy.Status.ProviderUnits, policy.Status.UnitTreatments, policy.Status.ExemptionIndex = c.ProviderUnits, c.UnitTreatments, c.ExemptionIndex
	policy.Status.CompiledAt = new(metav1.NewTime(now))
	rules := centralisation.RulesOf(policy)
	judgements := map[string]centralisation.Judgement{}
	for key, a := range s.applications {
		scope := centralisation.Scope{Application: a, Unit: s.unitOf[a.Namespace], Rules: rules, Now: now}
		for _, e := range s.exemptions {
			if e.Namespace == a.Namespace && string(e.Spec.ApplicationRef.Name) == a.Name {
				scope.Exemptions = append(scope.Exemptions, e)
			}
		}
		judgements[key] = centralisation.Judge(scope)
	}
	return judgements
}

// implied is the verdict of each row, as the tables alone imply it.
func implied(t *testing.T) map[string]v1alpha1.Verdict {
	t.Helper()
	excluded := map[[3]string]bool{}
	for _, row := range rows(t, fileExclusions) {
		excluded[[3]string{row["table"], row["unit"], row["name"]}] = true
	}
	ofType := map[string]string{}
	for _, row := range rows(t, fileTreatments) {
		ofType[row["unit_type"]] = row["treatment"]
	}
	kind, parent := map[string]string{}, map[string]string{}
	for _, row := range rows(t, fileUnits) {
		kind[row["number"]], parent[row["number"]] = row["kind"], row["parent"]
	}
	treatment := func(number string) string {
		for ; number != ""; number = parent[number] {
			if t := ofType[kind[number]]; t != "" {
				return t
			}
		}
		return "Bound"
	}
	verdict := func(number, provider string, retired bool) v1alpha1.Verdict {
		switch treatment := treatment(number); {
		case treatment == "OutOfScope":
			return v1alpha1.VerdictOutOfScope
		case retired, provider == "KDZ", provider == "State":
			return v1alpha1.VerdictCompliant
		case provider == "Undetermined":
			return v1alpha1.VerdictUnknown
		case treatment == "Bound": // decentral, and no paper allows it
			return v1alpha1.VerdictViolating
		default:
			return v1alpha1.Verdict(treatment)
		}
	}
	names, verdicts := units(t), map[string]v1alpha1.Verdict{}
	key := func(number, id, title string) string {
		if id == "" {
			id = Slug(title)
		}
		return names[number] + "/" + id
	}
	for _, row := range rows(t, fileMeasures) {
		if excluded[[3]string{fileMeasures, row["office"], row["name"]}] {
			continue
		}
		retired := row["state_2020"] == "Superseded" || row["state_2020"] == "Decommissioned"
		if row["lifecycle"] != "" {
			retired = row["lifecycle"] == "Retired"
		}
		verdicts[key(row["office"], row["id"], row["name"])] = verdict(row["office"], row["provider"], retired)
	}
	for _, row := range rows(t, fileServices) {
		verdicts[key(row["unit"], row["id"], row["name_de"])] = verdict(row["unit"], row["provider"], row["lifecycle"] == "Retired")
	}
	for _, row := range rows(t, fileDecentral) {
		if !excluded[[3]string{fileDecentral, row["unit"], row["name"]}] {
			// The steering model itself says how it is treated.
			verdicts[key(row["unit"], row["id"], row["name_de"])] = v1alpha1.Verdict(row["treatment"])
		}
	}
	return verdicts
}

// TestVerdicts: every verdict of the catalogue is the one that its tables
// imply.
func TestVerdicts(t *testing.T) {
	s := loadShipped(t)
	got := map[string]v1alpha1.Verdict{}
	byVerdict := map[v1alpha1.Verdict]map[string]string{}
	judgements := s.judge(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))
	for key, j := range judgements {
		got[key] = j.Verdict
		if byVerdict[j.Verdict] == nil {
			byVerdict[j.Verdict] = map[string]string{}
		}
		byVerdict[j.Verdict][key] = j.Reason()
		if len(j.Findings) != 1 && key != "amt-70/gemeinsame-it-ebs-kaw" {
			t.Errorf("%s: %s", key, j.Message())
		}
	}
	if diff := cmp.Diff(implied(t), got); diff != "" {
		t.Errorf("verdicts (-tables +judged):\n%s", diff)
	}

	want := map[v1alpha1.Verdict]map[string]string{
		v1alpha1.VerdictUnderReview: {
			// By name in the steering model, which decentral.csv holds: EBS and
			// KAW, whose unit is examined as a whole, and two of an office.
			"amt-70/gemeinsame-it-ebs-kaw": v1alpha1.ReasonUnitUnderReview,
			"amt-61/lichtsignalsteuerung":  v1alpha1.ReasonReviewPending,
			"amt-61/parkraumsteuerung":     v1alpha1.ReasonReviewPending,
			// Not by name: WB is a municipal enterprise, and treatments.csv
			// has all of those examined. services.csv holds its time recording.
			"wb/zeiterfassung": v1alpha1.ReasonUnitUnderReview,
		},
		v1alpha1.VerdictExempt: {
			"amt-40-edu/paedagogische-it":  v1alpha1.ReasonUnitExempt,
			"amt-37-ils/leitstellensystem": v1alpha1.ReasonUnitExempt,
		},
		v1alpha1.VerdictOutOfScope: {
			"extern/hosting-fuer-dritte":              v1alpha1.ReasonUnitOutOfScope,
			"stadtwerke/it-stadtnaher-gesellschaften": v1alpha1.ReasonUnitOutOfScope,
		},
		v1alpha1.VerdictViolating: {
			// measures.csv calls it decentral (inferred); its unit is the fire
			// brigade, an office, and not the control centre; decentral.csv
			// does not name it, and no paper plans its move.
			"amt-37/timeoffice-wachabteilung": v1alpha1.ReasonDecentral,
		},
	}
	for verdict, keys := range want {
		if diff := cmp.Diff(keys, byVerdict[verdict]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", verdict, diff)
		}
	}
	undetermined := 0
	for _, file := range []string{fileMeasures, fileServices} {
		for _, row := range rows(t, file) {
			if row["provider"] == "Undetermined" {
				undetermined++
			}
		}
	}
	if n := len(byVerdict[v1alpha1.VerdictUnknown]); n != undetermined || n == 0 {
		t.Errorf("%d are Unknown, and the tables leave %d undetermined", n, undetermined)
	}
	for key, reason := range byVerdict[v1alpha1.VerdictUnknown] {
		if reason != v1alpha1.ReasonProviderUndetermined {
			t.Errorf("%s is Unknown: %s", key, reason)
		}
	}
	if n := len(byVerdict[v1alpha1.VerdictInTransition]); n > 0 {
		t.Errorf("%d are in transition, and no table has a plan", n)
	}
}

// TestVerdictsTurn: the examination of the two stand-alone solutions has a last
// day (an example of ours); that of a whole unit has none.
func TestVerdictsTurn(t *testing.T) {
	s := loadShipped(t)
	before := s.judge(time.Date(2027, 12, 31, 12, 0, 0, 0, time.UTC))
	after := s.judge(time.Date(2028, 1, 1, 12, 0, 0, 0, time.UTC))
	turned := map[string]string{}
	for key, j := range after {
		if j.Verdict != before[key].Verdict {
			turned[key] = string(j.Verdict) + " " + j.Reason()
		}
	}
	want := map[string]string{
		"amt-61/lichtsignalsteuerung": "Violating ReviewOverdue",
		"amt-61/parkraumsteuerung":    "Violating ReviewOverdue",
	}
	if diff := cmp.Diff(want, turned); diff != "" {
		t.Errorf("(-want +got):\n%s\nof %v", diff, slices.Sorted(maps.Keys(after)))
	}
}
