// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/agreed"
)

const (
	// maxPeriods is how many periods the status of a ServiceLevel holds.
	maxPeriods = 13
	// maxNamed is how many Applications are named at most that declare less
	// than is required.
	maxNamed = 5
)

// results counts by result.
type results struct{ met, breached, insufficient int32 }

// count adds n to what a result counts.
func (r *results) count(result v1alpha1.ServiceLevelResult, n int32) {
	switch result {
	case v1alpha1.ResultMet:
		r.met += n
	case v1alpha1.ResultBreached:
		r.breached += n
	case v1alpha1.ResultInsufficientData:
		r.insufficient += n
	}
}

// level is what is counted under an agreement.
type level struct {
	requires *v1alpha1.Requirements
	// exists: there is a ServiceLevel of that name.
	exists bool
	// members are the Applications under it that operate.
	members map[types.NamespacedName]*member
	// lacking are those that declare less than is required.
	lacking map[types.NamespacedName]bool
	current results
	past    map[string]*results
	// worst and lowest of the members; nil if there is none. When stale they
	// have to be looked for.
	worst, lowest *member
	stale         bool
}

func newLevel() *level {
	return &level{
		members: map[types.NamespacedName]*member{}, lacking: map[types.NamespacedName]bool{}, past: map[string]*results{},
	}
}

// empty says that nothing needs to be remembered of a level.
func (l *level) empty() bool { return !l.exists && len(l.members) == 0 && len(l.past) == 0 }

// give counts a member.
func (l *level) give(m *member) {
	l.members[m.app.Key] = m
	if l.lacks(m) {
		l.lacking[m.app.Key] = true
	}
	if !m.counts() {
		return
	}
	m.measure()
	l.current.count(m.account.current.result, 1)
	if !l.stale {
		l.rank(m)
	}
}

// take takes a member back as it was given.
func (l *level) take(m *member) {
	delete(l.members, m.app.Key)
	delete(l.lacking, m.app.Key)
	if !m.counts() {
		return
	}
	l.current.count(m.account.current.result, -1)
	if m == l.worst || m == l.lowest {
		l.stale = true
	}
}

// rank makes a member the worst, or the lowest, if it is.
func (l *level) rank(m *member) {
	if l.worst == nil || m.worse(l.worst) {
		l.worst = m
	}
	if m.measurable() && (l.lowest == nil || m.lower(l.lowest)) {
		l.lowest = m
	}
}

// settle looks for the worst and the lowest if they are not known.
func (l *level) settle() {
	if !l.stale {
		return
	}
	l.worst, l.lowest, l.stale = nil, nil, false
	for _, m := range l.members {
		if m.counts() {
			l.rank(m)
		}
	}
}

// lacks says whether a member declares less than is required.
func (l *level) lacks(m *member) bool {
	return !m.app.Undecodable && !m.app.Declared.Meets(l.requires)
}

// require has all members compared with other requirements.
func (l *level) require(r *v1alpha1.Requirements) {
	l.requires = r
	clear(l.lacking)
	for key, m := range l.members {
		if l.lacks(m) {
			l.lacking[key] = true
		}
	}
}

// countPast adds n to what a period that is over counts.
func (l *level) countPast(p period, n int32) {
	r := l.past[p.name]
	if r == nil {
		r = &results{}
		l.past[p.name] = r
	}
	if r.count(p.result, n); *r == (results{}) {
		delete(l.past, p.name)
	}
}

// periods returns the newest periods, newest first.
func (l *level) periods() []v1alpha1.ServiceLevelPeriod {
	names := slices.SortedFunc(maps.Keys(l.past), newerFirst)
	var all []v1alpha1.ServiceLevelPeriod
	for _, name := range names[:min(len(names), maxPeriods)] {
		r := l.past[name]
		all = append(all, v1alpha1.ServiceLevelPeriod{Period: name, Met: r.met, Breached: r.breached, InsufficientData: r.insufficient})
	}
	return all
}

// newerFirst orders periods by when they ended, the newest first; of two that
// ended together the longer name, which is the shorter period, is first.
func newerFirst(a, b string) int {
	return cmp.Or(-strings.Compare(lastMonth(a), lastMonth(b)), -strings.Compare(a, b))
}

// lastMonth is the last month of a period as "2026-12"; empty for what is no
// period of the calendar, such as a rolling window, so that it comes last.
func lastMonth(name string) string {
	year, part, divided := strings.Cut(name, "-")
	if _, err := strconv.Atoi(year); err != nil {
		return ""
	}
	if !divided {
		return year + "-12"
	}
	if last, ok := map[string]string{"Q1": "-03", "Q2": "-06", "Q3": "-09", "Q4": "-12"}[part]; ok {
		return year + last
	}
	return name
}

// named returns the first few of those that declare less than is required, and
// what.
func (l *level) named() []Lacking {
	var first []types.NamespacedName
	for key := range l.lacking {
		at, _ := slices.BinarySearchFunc(first, key, compareKeys)
		if at == maxNamed {
			continue
		}
		first = slices.Insert(first, at, key)
		first = first[:min(len(first), maxNamed)]
	}
	var all []Lacking
	for _, key := range first {
		all = append(all, Lacking{Name: key.String(), Lacks: l.members[key].app.Declared.Lacks(l.requires)})
	}
	return all
}

// Lacking is an Application that declares less than is required.
type Lacking struct {
	// Name as "namespace/name".
	Name string
	// Lacks is what it lacks, at least one thing.
	Lacks []agreed.Lack
}
