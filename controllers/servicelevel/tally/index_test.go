// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/agreed"
)

func application(name, level string, change ...func(*v1alpha1.Application)) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name}}
	a.Spec.Lifecycle = v1alpha1.LifecycleOperating
	if level != "" {
		a.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(level)}
	}
	for _, c := range change {
		c(a)
	}
	return a
}

func record(name, level string, result v1alpha1.ServiceLevelResult, budget, left int64, availability v1alpha1.Percentage) *v1alpha1.AvailabilityRecord {
	r := &v1alpha1.AvailabilityRecord{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name}}
	r.Current = &v1alpha1.CurrentAccount{
		Segments: []v1alpha1.AccountSegment{{ServiceLevel: "earlier"}, {ServiceLevel: v1alpha1.ObjectName(level)}},
		Result:   result, Budget: budget, BudgetLeft: left, Availability: availability,
	}
	return r
}

// city is what the index is compared with: everything there is, counted anew.
type city struct {
	requires map[string]*v1alpha1.Requirements
	apps     map[string]*v1alpha1.Application
	records  map[string]*v1alpha1.AvailabilityRecord
}

// recount counts an agreement by looking at all there is.
func (c *city) recount(level string) Snapshot {
	var s Snapshot
	worst, lowest := math.Inf(1), math.Inf(1)
	past := map[string]v1alpha1.ServiceLevelPeriod{}
	for _, name := range slices.Sorted(maps.Keys(c.records)) {
		for _, p := range c.records[name].Periods {
			if string(p.ServiceLevel) != level || p.Result == "" {
				continue
			}
			n := past[p.Period]
			n.Period = p.Period
			switch p.Result {
			case v1alpha1.ResultMet:
				n.Met++
			case v1alpha1.ResultBreached:
				n.Breached++
			case v1alpha1.ResultInsufficientData:
				n.InsufficientData++
			}
			past[p.Period] = n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.apps)) {
		a := c.apps[name]
		if a.Spec.ServiceLevelRef == nil || string(a.Spec.ServiceLevelRef.Name) != level ||
			(a.Spec.Lifecycle != v1alpha1.LifecycleOperating && a.Spec.Lifecycle != v1alpha1.LifecyclePhasingOut) {
			continue
		}
		s.Applications++
		if lacks := agreed.DeclarationOf(a).Lacks(c.requires[level]); len(lacks) > 0 && a.DecodingError == "" {
			if s.Lacking++; s.Lacking <= 5 {
				s.Named = append(s.Named, Lacking{Name: "n/" + name, Lacks: lacks})
			}
		}
		r := c.records[name]
		if r == nil || r.Current == nil || string(r.Current.Segments[1].ServiceLevel) != level || r.Current.Result == "" {
			continue
		}
		switch r.Current.Result {
		case v1alpha1.ResultMet:
			s.Met++
		case v1alpha1.ResultBreached:
			s.Breached++
		default:
			s.InsufficientData++
		}
		share := float64(r.Current.BudgetLeft) / float64(r.Current.Budget)
		if r.Current.Budget == 0 {
			share = 1
			if r.Current.BudgetLeft < 0 {
				share = math.Inf(-1)
			}
		}
		if s.Worst == "" || share < worst || share == worst && r.Current.BudgetLeft < s.Left {
			worst, s.Worst, s.Left, s.Budget = share, "n/"+name, r.Current.BudgetLeft, r.Current.Budget
		}
		if v, err := strconv.ParseFloat(string(r.Current.Availability), 64); err == nil && v < lowest {
			lowest, s.Lowest = v, r.Current.Availability
		}
	}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(past))) {
		s.Periods = append(s.Periods, past[name])
	}
	return s
}

var levels = []string{"bronze", "gold", "silver"}

// drawLevel draws the name of a level, or none.
func drawLevel(t *rapid.T, label string) string {
	return rapid.SampledFrom(append([]string{""}, levels...)).Draw(t, label)
}

func drawApplication(t *rapid.T, name string) *v1alpha1.Application {
	return application(name, drawLevel(t, "level"), func(a *v1alpha1.Application) {
		a.Spec.Lifecycle = rapid.SampledFrom([]v1alpha1.Lifecycle{
			v1alpha1.LifecycleOperating, v1alpha1.LifecycleOperating, v1alpha1.LifecyclePhasingOut, v1alpha1.LifecyclePlanned, v1alpha1.LifecycleRetired,
		}).Draw(t, "lifecycle")
		if rapid.Bool().Draw(t, "sovereign") {
			a.Spec.Sovereignty = new(rapid.Int32Range(0, 4).Draw(t, "sovereignty"))
		}
		if rapid.IntRange(0, 9).Draw(t, "undecodable") == 0 {
			a.DecodingError = "spec: cannot unmarshal"
		}
	})
}

func drawRecord(t *rapid.T, name string) *v1alpha1.AvailabilityRecord {
	result := rapid.SampledFrom([]v1alpha1.ServiceLevelResult{"", v1alpha1.ResultMet, v1alpha1.ResultBreached, v1alpha1.ResultInsufficientData})
	r := record(name, drawLevel(t, "governed by"), result.Draw(t, "result"),
		rapid.Int64Range(0, 3).Draw(t, "budget"), rapid.Int64Range(-2, 3).Draw(t, "left"),
		rapid.SampledFrom([]v1alpha1.Percentage{"", "9", "99.5", "100"}).Draw(t, "availability"))
	for month := range rapid.IntRange(0, 4).Draw(t, "periods") {
		r.Periods = append(r.Periods, v1alpha1.AccountPeriod{
			Period: fmt.Sprintf("2026-%02d", 12-month), ServiceLevel: v1alpha1.ObjectName(drawLevel(t, "past level")), Result: result.Draw(t, "past result"),
		})
	}
	return r
}

// step lets something happen to the city and tells the index, which says what
// changed.
func (c *city) step(t *rapid.T, x *Index) []string {
	name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(t, "name")
	key := types.NamespacedName{Namespace: "n", Name: name}
	switch rapid.IntRange(0, 7).Draw(t, "what") {
	case 0:
		delete(c.apps, name)
		return x.DeleteApplication(key)
	case 1:
		delete(c.records, name)
		return x.DeleteAccount(key)
	case 2:
		level := rapid.SampledFrom(levels).Draw(t, "level that goes")
		delete(c.requires, level)
		return x.DeleteLevel(level)
	case 3:
		level := rapid.SampledFrom(levels).Draw(t, "level that changes")
		c.requires[level] = &v1alpha1.Requirements{Sovereignty: new(rapid.Int32Range(0, 4).Draw(t, "required"))}
		return x.SetLevel(level, c.requires[level])
	case 4, 5:
		c.apps[name] = drawApplication(t, name)
		return x.SetApplication(ApplicationOf(c.apps[name]))
	default:
		c.records[name] = drawRecord(t, name)
		return x.SetAccount(AccountOf(c.records[name]))
	}
}

// TestTallyIsACount: whatever happened, the tally is what one would count, and
// it names the levels of which that changed.
func TestTallyIsACount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := New()
		c := &city{map[string]*v1alpha1.Requirements{}, map[string]*v1alpha1.Application{}, map[string]*v1alpha1.AvailabilityRecord{}}
		told, due := map[string]Snapshot{}, map[string]bool{}
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			for _, level := range c.step(t, x) {
				due[level] = true
			}
			// Whoever is told that something changed looks a while later.
			for _, level := range levels {
				if due[level] && rapid.Bool().Draw(t, "look") {
					due[level], told[level] = false, x.Snapshot(level)
				}
				if want := c.recount(level); !due[level] {
					if diff := cmp.Diff(want, told[level], cmpopts.EquateEmpty()); diff != "" {
						t.Fatalf("%s, as it was told (-want +got):\n%s", level, diff)
					}
				}
			}
		}
		for _, level := range levels {
			if diff := cmp.Diff(c.recount(level), x.Snapshot(level), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", level, diff)
			}
		}
	})
}

// TestNothingIsKeptOfWhatIsGone: the tally of an empty city is empty.
func TestNothingIsKeptOfWhatIsGone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := New()
		c := &city{map[string]*v1alpha1.Requirements{}, map[string]*v1alpha1.Application{}, map[string]*v1alpha1.AvailabilityRecord{}}
		for range rapid.IntRange(0, 30).Draw(t, "events") {
			c.step(t, x)
		}
		for _, a := range c.apps {
			x.DeleteApplication(client.ObjectKeyFromObject(a))
		}
		for _, r := range c.records {
			x.DeleteAccount(client.ObjectKeyFromObject(r))
		}
		for _, level := range levels {
			x.DeleteLevel(level)
		}
		if len(x.levels) > 0 || len(x.members) > 0 {
			t.Fatalf("left: levels %v, members %v", x.levels, x.members)
		}
	})
}

// TestPeriodsAreInOrder: the newest first, whatever kinds there are, and at most
// as many as the status holds.
func TestPeriodsAreInOrder(t *testing.T) {
	x := New()
	r := record("a", "gold", "", 0, 0, "")
	for _, name := range []string{"720h", "2025", "2026-Q1", "2026-02", "2026-12", "2026-03", "2026", "2026-Q4"} {
		r.Periods = append(r.Periods, v1alpha1.AccountPeriod{Period: name, ServiceLevel: "gold", Result: v1alpha1.ResultMet})
	}
	x.SetAccount(AccountOf(r))
	var got []string
	for _, p := range x.Snapshot("gold").Periods {
		got = append(got, p.Period)
	}
	if diff := cmp.Diff([]string{"2026-Q4", "2026-12", "2026", "2026-Q1", "2026-03", "2026-02", "2025", "720h"}, got); diff != "" {
		t.Errorf("periods (-want +got):\n%s", diff)
	}
	for month := range 20 {
		r.Name = fmt.Sprint("b", month)
		r.Periods = []v1alpha1.AccountPeriod{{Period: fmt.Sprintf("20%02d-06", 30+month), ServiceLevel: "gold", Result: v1alpha1.ResultMet}}
		x.SetAccount(AccountOf(r))
	}
	if p := x.Snapshot("gold").Periods; len(p) != 13 || p[0].Period != "2049-06" || p[12].Period != "2037-06" {
		t.Errorf("periods: %+v", p)
	}
}

// BenchmarkAccount is what an account costs that changes among 10,000, and a
// snapshot after every one of them.
func BenchmarkAccount(b *testing.B) {
	x := New()
	const many = 10000
	for i := range many {
		x.SetApplication(ApplicationOf(application(fmt.Sprint("a", i), "gold")))
		x.SetAccount(AccountOf(record(fmt.Sprint("a", i), "gold", v1alpha1.ResultMet, 3000, int64(i), "99.9")))
	}
	records := []*v1alpha1.AvailabilityRecord{
		record("a0", "gold", v1alpha1.ResultBreached, 3000, -5, "99.1"), record("a0", "gold", v1alpha1.ResultMet, 3000, 2900, "99.9"),
	}
	b.Run("change", func(b *testing.B) {
		for i := range b.N {
			x.SetAccount(AccountOf(records[i%2]))
		}
	})
	b.Run("change of the worst and snapshot", func(b *testing.B) {
		for i := range b.N {
			x.SetAccount(AccountOf(records[i%2]))
			x.Snapshot("gold")
		}
	})
}
