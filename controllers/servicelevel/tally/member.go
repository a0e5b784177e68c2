// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unique"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/agreed"
)

// Application is what an Application says of itself that matters to agreements.
// It is comparable.
type Application struct {
	Key types.NamespacedName
	// Level that it refers to while it operates; empty if it refers to none, or
	// does not operate.
	Level string
	// Declared of what agreements can require.
	Declared agreed.Declaration
	// Undecodable: nobody knows what it declares.
	Undecodable bool
}

// ApplicationOf returns what an Application says of itself.
func ApplicationOf(app *v1alpha1.Application) Application {
	a := Application{Key: client.ObjectKeyFromObject(app)}
	switch app.Spec.Lifecycle {
	case v1alpha1.LifecycleOperating, v1alpha1.LifecyclePhasingOut:
	default:
		return a
	}
	ref := app.Spec.ServiceLevelRef
	if ref == nil {
		return a
	}
	a.Level = string(ref.Name)
	a.Declared, a.Undecodable = agreed.DeclarationOf(app), app.DecodingError != ""
	return a
}

// Account is what an AvailabilityRecord says that matters to agreements.
type Account struct {
	Key     types.NamespacedName
	current current
	// past are the periods that are over. Most accounts share most of them.
	past []unique.Handle[period]
}

// current is how an account stands in the period that runs.
type current struct {
	// level that governs it now.
	level string
	// result as it stands; empty if there is none.
	result v1alpha1.ServiceLevelResult
	// availability in per cent; empty if there is none.
	availability v1alpha1.Percentage
	// budget, and what is left of it, in seconds.
	budget, left int64
}

// period is a period that is over, and how an agreement was kept in it.
type period struct {
	name, level string
	result      v1alpha1.ServiceLevelResult
}

// AccountOf returns what a record says.
func AccountOf(record *v1alpha1.AvailabilityRecord) Account {
	a := Account{Key: client.ObjectKeyFromObject(record)}
	if c := record.Current; c != nil && len(c.Segments) > 0 {
		a.current = current{
			level:  string(c.Segments[len(c.Segments)-1].ServiceLevel),
			result: c.Result, availability: c.Availability, budget: c.Budget, left: c.BudgetLeft,
		}
	}
	for i := range record.Periods {
		if p := &record.Periods[i]; p.ServiceLevel != "" && p.Result != "" {
			a.past = append(a.past, unique.Make(period{p.Period, string(p.ServiceLevel), p.Result}))
		}
	}
	return a
}

// same says whether two accounts count alike.
func (a *Account) same(b *Account) bool {
	return a.current == b.current && slices.Equal(a.past, b.past)
}

// member is an Application and its account, of which either may be missing.
type member struct {
	app     Application
	account Account
	// share of the budget that is left, and availability as a number; set while
	// the account counts for the level of the Application.
	share, availability float64
}

// counts says whether the account is one under the agreement that the
// Application refers to, and says something. After a change of reference that is
// so once the account has followed.
func (m *member) counts() bool {
	return m.app.Level != "" && m.account.current.level == m.app.Level && m.account.current.result != ""
}

// measure sets what members are compared by.
func (m *member) measure() {
	c := &m.account.current
	switch {
	case c.budget > 0:
		m.share = float64(c.left) / float64(c.budget)
	case c.left < 0:
		m.share = math.Inf(-1)
	default:
		m.share = 1 // nothing is allowed, and nothing was taken
	}
	m.availability = math.NaN()
	if v, err := strconv.ParseFloat(string(c.availability), 64); err == nil {
		m.availability = v
	}
}

// worse says whether a member has less of its budget left than another, in
// proportion. Of two that are equal the name decides, so that the order in which
// things happened does not.
func (m *member) worse(than *member) bool {
	switch a, b := m.account.current.left, than.account.current.left; {
	case m.share != than.share:
		return m.share < than.share
	case a != b:
		return a < b
	}
	return compareKeys(m.app.Key, than.app.Key) < 0
}

// lower says whether a member's availability is lower than another's.
func (m *member) lower(than *member) bool {
	if m.availability != than.availability {
		return m.availability < than.availability
	}
	return compareKeys(m.app.Key, than.app.Key) < 0
}

// measurable says whether a member has a value of availability.
func (m *member) measurable() bool { return !math.IsNaN(m.availability) }

func compareKeys(a, b types.NamespacedName) int {
	if c := strings.Compare(a.Namespace, b.Namespace); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}
