// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

var epoch = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

// unitNames are few, so that random trees are deep and full of cycles and of
// parents that do not exist.
var unitNames = []string{"a", "b", "c", "d", "e", "f", "g"}

func drawDeclaration(t *rapid.T) Declaration {
	return Declaration{
		Name:       rapid.SampledFrom(unitNames).Draw(t, "unit"),
		UID:        types.UID(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "uid")),
		Generation: rapid.Int64Range(1, 3).Draw(t, "generation"),
		Parent:     rapid.SampledFrom(append([]string{""}, unitNames...)).Draw(t, "parent"),
	}
}

func drawContribution(t *rapid.T) Contribution {
	c := Contribution{
		Verdict: rapid.SampledFrom([]v1alpha1.Verdict{
			v1alpha1.VerdictCompliant, v1alpha1.VerdictExempt, v1alpha1.VerdictUnderReview, v1alpha1.VerdictInTransition,
			v1alpha1.VerdictViolating, v1alpha1.VerdictOutOfScope, v1alpha1.VerdictUnknown,
		}).Draw(t, "verdict"),
		Member: state.UnitMember{
			Namespace: "amt-10",
			Name:      fmt.Sprintf("app-%d", rapid.IntRange(0, 7).Draw(t, "application")),
			State: rapid.SampledFrom([]v1alpha1.OperationalState{
				v1alpha1.StateOperational, v1alpha1.StateDegraded, v1alpha1.StateOutage, v1alpha1.StateMaintenance,
				v1alpha1.StateUnknown, v1alpha1.StatePlanned, v1alpha1.StateRetired,
			}).Draw(t, "state"),
		},
	}
	if state.Troubled(c.Member.State) {
		c.Member.Availability = rapid.SampledFrom([]v1alpha1.ProtectionLevel{"", v1alpha1.ProtectionNormal, v1alpha1.ProtectionHigh, v1alpha1.ProtectionVeryHigh}).Draw(t, "need")
		c.Member.Since = epoch.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "minute")) * time.Minute)
		c.Member.Message = rapid.SampledFrom([]string{"", "refused", "slow"}).Draw(t, "message")
	}
	units := rapid.SliceOfNDistinct(rapid.SampledFrom(unitNames), 0, 3, rapid.ID[string]).Draw(t, "units")
	slices.Sort(units)
	copy(c.Units[:], units)
	return c
}

// differing returns the names of units that are not the same in both.
func differing(before, after map[string]Snapshot) []string {
	var names []string
	for _, name := range unitNames {
		b, wasThere := before[name]
		a, isThere := after[name]
		if wasThere != isThere || !cmp.Equal(b, a) {
			names = append(names, name)
		}
	}
	return names
}

// TestIndexEqualsBruteForce plays random events to the Index and to a model
// that computes everything anew, and compares every unit after every event. It
// also checks that an event names every unit that it changed, and no other but
// the one that was declared anew and those on a cycle that was closed anew.
func TestIndexEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, m := New(), newModel()
		var changed []string
		before := m.all()
		declared := Declaration{}
		t.Repeat(map[string]func(*rapid.T){
			"set unit": func(t *rapid.T) {
				d := drawDeclaration(t)
				declared = d
				m.units[d.Name] = d
				changed = x.SetUnit(d)
			},
			"delete unit": func(t *rapid.T) {
				name := rapid.SampledFrom(unitNames).Draw(t, "unit")
				delete(m.units, name)
				changed = x.DeleteUnit(name)
			},
			"set application": func(t *rapid.T) {
				c := drawContribution(t)
				m.applications[c.key()] = c
				changed = x.SetApplication(c)
			},
			"delete application": func(t *rapid.T) {
				key := drawContribution(t).key()
				delete(m.applications, key)
				changed = x.DeleteApplication(key)
			},
			"": func(t *rapid.T) {
				after := m.all()
				for _, name := range unitNames {
					got, found := x.Snapshot(name)
					want, exists := after[name]
					if found != exists {
						t.Fatalf("unit %s: found %t, exists %t", name, found, exists)
					}
					if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
						t.Fatalf("unit %s (-brute force +index):\n%s", name, diff)
					}
				}
				// A unit may declare another parent without anything else of it
				// changing; it is named all the same.
				want := differing(before, after)
				for _, name := range changed {
					if !slices.Contains(want, name) && name != declared.Name && after[name].Cycle == nil {
						t.Fatalf("%s is named as changed, but only %v are", name, want)
					}
				}
				for _, name := range want {
					if !slices.Contains(changed, name) {
						t.Fatalf("%s changed, but only %v are named", name, changed)
					}
				}
				before, changed, declared = after, nil, Declaration{}
			},
		})
	})
}

// TestIndexForgets checks that nothing is left of what is gone, or a long-lived
// operator would grow.
func TestIndexForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := New()
		for range rapid.IntRange(0, 30).Draw(t, "events") {
			x.SetUnit(drawDeclaration(t))
			x.SetApplication(drawContribution(t))
		}
		for _, name := range rapid.Permutation(unitNames).Draw(t, "order") {
			x.DeleteUnit(name)
		}
		for i := range 8 {
			x.DeleteApplication(types.NamespacedName{Namespace: "amt-10", Name: fmt.Sprintf("app-%d", i)})
		}
		if len(x.units) != 0 || len(x.applications) != 0 {
			t.Fatalf("%d units and %d applications are left", len(x.units), len(x.applications))
		}
	})
}

// fleet returns an Index with a tree of the given depth and width and n
// Applications, which name the lowest units in turn.
func fleet(depth, width, n int) *Index {
	x := New()
	x.SetUnit(Declaration{Name: "root"})
	for w := range width {
		above := "root"
		for d := range depth - 1 {
			name := fmt.Sprintf("u-%d-%d", w, d)
			x.SetUnit(Declaration{Name: name, Parent: above})
			above = name
		}
	}
	for i := range n {
		x.SetApplication(fleetMember(depth, width, i, v1alpha1.StateOperational))
	}
	return x
}

func fleetMember(depth, width, i int, s v1alpha1.OperationalState) Contribution {
	return Contribution{
		Units:   [3]string{fmt.Sprintf("u-%d-%d", i%width, depth-2)},
		Verdict: v1alpha1.VerdictCompliant,
		Member:  state.UnitMember{Namespace: "amt-10", Name: fmt.Sprintf("app-%d", i), State: s},
	}
}

// TestAnEventTouchesOnlyItsAncestors: among 10,000 Applications one that
// changes touches as many units as the tree is deep, and moving a unit touches
// only what is above it before and after.
func TestAnEventTouchesOnlyItsAncestors(t *testing.T) {
	const depth, width = 5, 50
	x := fleet(depth, width, 10_000)

	ch := newChange()
	c := fleetMember(depth, width, 123, v1alpha1.StateOutage)
	x.contribute(x.applications[c.key()], c, ch)
	if len(ch.before) != depth {
		t.Errorf("one Application touched %d units, want %d", len(ch.before), depth)
	}

	ch = newChange()
	x.relocate(x.units["u-7-1"], true, "u-8-1", ch)
	// u-7-0 loses, u-8-0 and u-8-1 gain; the child of u-7-1 is looked at,
	// since its parent might have gone; the root counts the same.
	want := []string{"u-7-0", "u-8-0", "u-8-1"}
	if diff := cmp.Diff(want, ch.units()); diff != "" {
		t.Errorf("moving a unit (-want +got):\n%s", diff)
	}
	if len(ch.before) > len(want)+1 {
		t.Errorf("moving a unit touched %d units", len(ch.before))
	}
}

// BenchmarkSetApplication is one Application of 100,000 that goes out and comes
// back, below a root five levels up.
func BenchmarkSetApplication(b *testing.B) {
	const depth, width, n = 5, 100, 100_000
	x := fleet(depth, width, n)
	states := []v1alpha1.OperationalState{v1alpha1.StateOutage, v1alpha1.StateOperational}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		x.SetApplication(fleetMember(depth, width, (i/2)%n, states[i%2]))
	}
}
