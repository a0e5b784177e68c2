// SPDX-License-Identifier: Apache-2.0

package account

import (
	"cmp"
	"math"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/text"
)

// Row is how one of many Applications stands.
type Row struct {
	// Namespace and Name of the Application.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Account: there is one. Otherwise the rest is empty.
	Account bool `json:"account"`
	// Agreement that holds; empty if there is none.
	Agreement string `json:"agreement,omitempty"`
	// Objective and Availability in per cent; empty where there is none.
	Objective    v1alpha1.Percentage `json:"objective,omitempty"`
	Availability v1alpha1.Percentage `json:"availability,omitempty"`
	// Budget and BudgetLeft in seconds.
	Budget     int64 `json:"budgetSeconds"`
	BudgetLeft int64 `json:"budgetLeftSeconds"`
	// Result as it stands.
	Result v1alpha1.ServiceLevelResult `json:"result,omitempty"`
	// State of the indicator, and since when.
	State v1alpha1.IndicatorState `json:"state,omitempty"`
	Since *metav1.Time            `json:"since,omitempty"`
	// AsOf is the moment up to which seconds are counted.
	AsOf *metav1.Time `json:"asOf,omitempty"`
	// TimeZone in which text shows moments.
	TimeZone string `json:"timeZone,omitempty"`
}

// List is how many Applications stand, those first that have least of their
// budget left in proportion, those without an agreement last.
type List []Row

// BuildList makes the list of the Applications by what is recorded.
func BuildList(apps []v1alpha1.Application, records []v1alpha1.AvailabilityRecord, levels map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel, recorded Recorded) List {
	type key struct{ namespace, name string }
	accounts := make(map[key]*v1alpha1.AvailabilityRecord, len(records))
	for i := range records {
		accounts[key{records[i].Namespace, records[i].Name}] = &records[i]
	}
	agreements := agreementsOf(levels)
	list := make(List, 0, len(apps))
	for i := range apps {
		row := Row{Namespace: apps[i].Namespace, Name: apps[i].Name}
		if record := accounts[key{row.Namespace, row.Name}]; record != nil && record.Current != nil {
			advanced, _, _ := recorded.advance(record, agreements)
			row.fill(advanced.Current, levels)
		}
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.rest(), b.rest()), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return list
}

func (r *Row) fill(c *v1alpha1.CurrentAccount, levels map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel) {
	r.Account = true
	if n := len(c.Segments); n > 0 {
		r.Agreement = string(c.Segments[n-1].ServiceLevel)
	}
	r.Objective, r.Availability = c.Objective, c.Availability
	r.Budget, r.BudgetLeft, r.Result = c.Budget, c.BudgetLeft, c.Result
	r.State, r.Since, r.AsOf = c.State, &c.Since, &c.Accumulators.AsOf
	r.TimeZone = zoneOf(nil)
	if level := levels[v1alpha1.ObjectName(r.Agreement)]; level != nil {
		r.TimeZone = zoneOf(level.Spec.ServiceHours)
	}
}

// rest is what is left of the budget in proportion, for the order of a list.
func (r *Row) rest() float64 {
	switch {
	case !r.Account:
		return math.Inf(1)
	case r.Agreement == "":
		return math.MaxFloat64
	case r.Budget > 0:
		return float64(r.BudgetLeft) / float64(r.Budget)
	default:
		return float64(r.BudgetLeft)
	}
}

// Text is the list as a person reads it.
func (l List) Text() string {
	t := &text.Table{}
	t.Row("NAMESPACE", "NAME", "OBJECTIVE", "AVAILABILITY", "BUDGETLEFT", "RESULT", "STATE", "SINCE", "ASOF")
	for i := range l {
		r := &l[i]
		if !r.Account {
			t.Row(r.Namespace, r.Name, "-", "-", "-", "-", "no account", "-", "-")
			continue
		}
		zone, rest := location(r.TimeZone), "-"
		if r.Agreement != "" {
			rest = left(r.BudgetLeft, r.Budget)
		}
		t.Row(r.Namespace, r.Name, text.OrDash(string(r.Objective)), text.OrDash(string(r.Availability)), rest, text.OrDash(string(r.Result)),
			string(r.State), text.Moment(r.Since, zone), text.Moment(r.AsOf, zone))
	}
	return t.String()
}
