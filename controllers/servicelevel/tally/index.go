// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"slices"
	"sync"
	"unique"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Index is the tally of all ServiceLevels. It is safe for concurrent use. Its
// methods return the names of the levels of which something may have changed
// that Snapshot tells, without repetition.
//
// A change costs the same however many Applications are under a level, and a
// Snapshot as well, unless the worst of them has got better or gone; then it
// looks at all of that level once.
type Index struct {
	mu      sync.Mutex
	levels  map[string]*level
	members map[types.NamespacedName]*member
}

// New returns an Index that knows of nothing.
func New() *Index {
	return &Index{levels: map[string]*level{}, members: map[types.NamespacedName]*member{}}
}

// Snapshot is what is counted under an agreement.
type Snapshot struct {
	// Applications under it that operate.
	Applications int32
	// Met, Breached and InsufficientData count those with an account by its
	// result in the period that runs.
	Met, Breached, InsufficientData int32
	// Worst has the least of its budget left in proportion, as
	// "namespace/name"; empty if there is none. Left and Budget are what it has
	// left and what it had, in seconds.
	Worst        string
	Left, Budget int64
	// Lowest is the lowest availability in per cent; empty if there is none.
	Lowest v1alpha1.Percentage
	// Periods that are over, newest first, at most 13.
	Periods []v1alpha1.ServiceLevelPeriod
	// Lacking counts those that declare less than is required; Named are the
	// first few of them by name.
	Lacking int32
	Named   []Lacking
}

// Accounted is how many Applications have an account that says something.
func (s *Snapshot) Accounted() int32 { return s.Met + s.Breached + s.InsufficientData }

// Snapshot returns what is counted under an agreement.
func (x *Index) Snapshot(name string) Snapshot {
	x.mu.Lock()
	defer x.mu.Unlock()
	l := x.levels[name]
	if l == nil {
		return Snapshot{}
	}
	l.settle()
	s := Snapshot{
		Applications: int32(len(l.members)),
		Met:          l.current.met, Breached: l.current.breached, InsufficientData: l.current.insufficient,
		Periods: l.periods(),
		Lacking: int32(len(l.lacking)), Named: l.named(),
	}
	if w := l.worst; w != nil {
		s.Worst, s.Left, s.Budget = w.app.Key.String(), w.account.current.left, w.account.current.budget
	}
	if w := l.lowest; w != nil {
		s.Lowest = w.account.current.availability
	}
	return s
}

// SetLevel takes note of what an agreement requires of its Applications.
func (x *Index) SetLevel(name string, requires *v1alpha1.Requirements) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	l := x.level(name)
	if !l.exists || !equality.Semantic.DeepEqual(l.requires, requires) {
		l.exists = true
		l.require(requires)
	}
	return []string{name}
}

// DeleteLevel drops an agreement that is gone.
func (x *Index) DeleteLevel(name string) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if l := x.levels[name]; l != nil {
		l.exists = false
		l.require(nil)
		x.prune(name)
	}
	return []string{name}
}

// SetApplication takes note of an Application.
func (x *Index) SetApplication(a Application) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	before := x.member(a.Key).app
	if before == a {
		x.forget(a.Key)
		return nil
	}
	x.change(a.Key, func(m *member) { m.app = a })
	return names(before.Level, a.Level)
}

// DeleteApplication drops an Application that is gone. Its account stays.
func (x *Index) DeleteApplication(key types.NamespacedName) []string {
	return x.SetApplication(Application{Key: key})
}

// SetAccount takes note of an account.
func (x *Index) SetAccount(a Account) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	m := x.member(a.Key)
	if m.account.same(&a) {
		x.forget(a.Key)
		return nil
	}
	var changed []string
	if !slices.Equal(m.account.past, a.past) {
		changed = append(x.countPast(m.account.past, -1), x.countPast(a.past, 1)...)
	}
	if m.account.current == a.current {
		m.account = a
		x.forget(a.Key)
		return names(changed...)
	}
	under := m.app.Level
	before := x.view(under)
	x.change(a.Key, func(m *member) { m.account = a })
	if x.view(under) != before {
		changed = append(changed, under)
	}
	return names(changed...)
}

// DeleteAccount drops an account that is gone.
func (x *Index) DeleteAccount(key types.NamespacedName) []string {
	return x.SetAccount(Account{Key: key})
}

// change changes a member.
func (x *Index) change(key types.NamespacedName, change func(*member)) {
	m := x.member(key)
	before := m.app.Level
	if before != "" {
		x.levels[before].take(m)
	}
	change(m)
	if m.app.Level != "" {
		x.level(m.app.Level).give(m)
	}
	x.prune(before)
	x.forget(key)
}

// view is what of a level a change of one account can change, beside periods
// that are over.
type view struct {
	current      results
	stale        bool
	worst        types.NamespacedName
	left, budget int64
	availability v1alpha1.Percentage
}

func (x *Index) view(name string) view {
	l := x.levels[name]
	if l == nil {
		return view{}
	}
	v := view{current: l.current, stale: l.stale}
	if w := l.worst; w != nil && !l.stale {
		v.worst, v.left, v.budget = w.app.Key, w.account.current.left, w.account.current.budget
	}
	if w := l.lowest; w != nil && !l.stale {
		v.availability = w.account.current.availability
	}
	return v
}

// names returns each name once, without the empty one.
func names(of ...string) []string {
	slices.Sort(of)
	of = slices.Compact(of)
	if len(of) > 0 && of[0] == "" {
		of = of[1:]
	}
	return of
}

// countPast adds n to what periods that are over count, and returns their
// levels.
func (x *Index) countPast(past []unique.Handle[period], n int32) []string {
	var changed []string
	for _, handle := range past {
		p := handle.Value()
		x.level(p.level).countPast(p, n)
		changed = append(changed, p.level)
		x.prune(p.level)
	}
	return changed
}

// level returns a level, which is made if nothing is known of it yet.
func (x *Index) level(name string) *level {
	l := x.levels[name]
	if l == nil {
		l = newLevel()
		x.levels[name] = l
	}
	return l
}

// prune drops a level of which nothing needs to be remembered.
func (x *Index) prune(name string) {
	if l := x.levels[name]; l != nil && l.empty() {
		delete(x.levels, name)
	}
}

// member returns a member, which is made if nothing is known of it yet.
func (x *Index) member(key types.NamespacedName) *member {
	m := x.members[key]
	if m == nil {
		m = &member{app: Application{Key: key}, account: Account{Key: key}}
		x.members[key] = m
	}
	return m
}

// forget drops a member of which nothing is known any more.
func (x *Index) forget(key types.NamespacedName) {
	if m := x.members[key]; m.app == (Application{Key: key}) && m.account.same(&Account{}) {
		delete(x.members, key)
	}
}
