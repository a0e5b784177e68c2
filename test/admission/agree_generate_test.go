// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// dice makes what is asked at random, the same for the same seed. They fall
// such that each refusal is frequent, and so is none.
type dice struct {
	*rand.Rand
	now time.Time
	// longest is how long a transition may take; zero is no limit.
	longest time.Duration
}

func throw(seed, of uint64, now time.Time) dice {
	return dice{Rand: rand.New(rand.NewPCG(seed, of)), now: now}
}

// one of the options, which may stand there repeatedly.
func one[T any](d dice, options ...T) T { return options[d.IntN(len(options))] }

func (d dice) percent(n int) bool { return d.IntN(100) < n }

// places are namespaces and the units that they belong to: two that are bound,
// one of each other treatment, the provider's own, one whose unit there is not,
// and one of no unit.
var places = map[string]string{
	"amt-33": "amt-33", "amt-12": "amt-12", "amt-37-ils": "amt-37-ils", "wb": "wb", "extern": "extern",
	"kdz-16": "kdz-16", "agree-unknown": "amt-99", "agree-nobody": "",
}

func (d dice) place() string {
	return one(d, "amt-33", "amt-33", "amt-33", "amt-33", "amt-33", "amt-33", "amt-12", "amt-12", "amt-37-ils", "wb", "extern", "kdz-16", "agree-unknown", "agree-nobody")
}

// legalBases: two that the policy lists, and some that it does not.
var legalBases = []string{
	listedBasis, "E-Government-Bericht 2021, Anlage 6.1 (ausdrücklich)", listedBasis,
	"egovgrp § 25 abs. 4", listedBasis + " ", `Because "they" said so`,
}

// unit that somebody might name, seen from a place.
func (d dice) unit(place string) string {
	return one(d, unitWeb, unitWeb, "kdz-16-02-01", "kdz-16", "amt-12", "kdz-99", places[place], "amt-33")
}

// day around today, or around the longest transition.
func (d dice) day() v1alpha1.Date {
	today := d.now.In(calendar.Location())
	days := one(d, -400, -1, -1, 0, 0, 1, 1, 2, 20, 90, 365, 3000)
	if d.longest > 0 && d.percent(35) {
		today = d.now.UTC().Add(d.longest)
		days = one(d, -2, 0, 0, 1, 1, 200)
	}
	return v1alpha1.Date(today.AddDate(0, 0, days).Format(time.DateOnly))
}

// moment at which an exemption ends, in the ways in which a moment is written.
func (d dice) moment() string {
	at := d.now.Add(one[time.Duration](d, -8000, -25, 25, 49, 8000, 24000) * time.Hour)
	return one(d, at.UTC().Format(time.RFC3339), at.In(calendar.Location()).Format(time.RFC3339), at.UTC().Format("2006-01-02T15:04:05.999999999Z07:00"))
}

func (d dice) transition() *v1alpha1.Transition {
	return &v1alpha1.Transition{
		ProjectRef: v1alpha1.ProjectReference{Name: one[v1alpha1.ObjectName](d, "move", "move", "other"), Namespace: one[v1alpha1.NamespaceName](d, "", "", "amt-10")},
		DueOn:      d.day(),
	}
}

func (d dice) review() *v1alpha1.Review {
	reviewers := []v1alpha1.ObjectName{"kdz-16", "amt-10", "amt-14"}
	d.Shuffle(len(reviewers), func(i, k int) { reviewers[i], reviewers[k] = reviewers[k], reviewers[i] })
	return &v1alpha1.Review{Reviewers: reviewers[:1+d.IntN(3)], SinceOn: one[v1alpha1.Date](d, "", "2020-01-01"), DueOn: d.day()}
}

// operation that the schema lets pass, seen from a place.
func (d dice) operation(place string) v1alpha1.Operation {
	op := v1alpha1.Operation{
		Provider:        one(d, v1alpha1.ProviderKDZ, v1alpha1.ProviderKDZ, v1alpha1.ProviderDecentral, v1alpha1.ProviderDecentral, v1alpha1.ProviderState, v1alpha1.ProviderUndetermined),
		ProcuredThrough: one(d, "", "", "", v1alpha1.ProcuredThroughKDZ, v1alpha1.ProcuredThroughUnit),
	}
	if op.Provider == v1alpha1.ProviderKDZ || d.percent(20) {
		op.UnitRef = d.reference(place)
	}
	if d.percent(20) {
		op.SupportUnitRef = d.reference(place)
	}
	switch op.Provider {
	case v1alpha1.ProviderState:
		op.LegalBasis = one(d, legalBases...)
	case v1alpha1.ProviderDecentral:
		if d.percent(45) {
			op.Transition = d.transition()
		}
		if d.percent(35) {
			op.Review = d.review()
		}
	}
	return op
}

func (d dice) reference(place string) *v1alpha1.UnitReference {
	name := d.unit(place)
	if name == "" {
		name = unitWeb
	}
	return unitRef(name)
}

// answers is the unit that answers for what is in a place, mostly rightly.
func (d dice) answers(place string) v1alpha1.UnitReference {
	if own := places[place]; own != "" && d.percent(88) {
		return *unitRef(own)
	}
	return *unitRef(one(d, "amt-33", "amt-40-edu"))
}

func (d dice) lifecycle() v1alpha1.Lifecycle {
	return one(d, v1alpha1.LifecyclePlanned, v1alpha1.LifecyclePlanned, v1alpha1.LifecycleOperating, v1alpha1.LifecyclePhasingOut, v1alpha1.LifecycleRetired)
}

// app is an Application of any kind.
func (d dice) app(place, name string) *v1alpha1.Application {
	app := application(place, name)
	app.Spec.Origin = one(d, v1alpha1.OriginProject, v1alpha1.OriginProject, v1alpha1.OriginProject, v1alpha1.OriginExisting)
	app.Spec.Lifecycle = d.lifecycle()
	app.Spec.Responsible.UnitRef = d.answers(place)
	app.Spec.Operation = d.operation(place)
	return app
}

// change is what becomes of an Application, which may be nothing.
func (d dice) change(was *v1alpha1.Application) *v1alpha1.Application {
	app := was.DeepCopy()
	op := &app.Spec.Operation
	for range 1 + d.IntN(2) {
		switch d.IntN(12) {
		case 0, 1:
			app.Spec.Operation = d.operation(app.Namespace)
		case 2, 3:
			app.Spec.Lifecycle = d.lifecycle()
		case 4:
			op.UnitRef = d.reference(app.Namespace)
		case 5:
			op.SupportUnitRef = one(d, nil, d.reference(app.Namespace))
		case 6:
			op.ProcuredThrough = one(d, "", v1alpha1.ProcuredThroughKDZ, v1alpha1.ProcuredThroughUnit)
		case 7:
			app.Spec.Responsible.UnitRef = d.answers(app.Namespace)
		case 8:
			if op.Provider == v1alpha1.ProviderState {
				op.LegalBasis = one(d, legalBases...)
			}
		case 9, 10:
			d.replan(op)
		case 11:
			app.Spec.Description = fmt.Sprint("changed ", d.IntN(1000))
		}
	}
	return app
}

// replan changes the plans of what is decentral.
func (d dice) replan(op *v1alpha1.Operation) {
	if op.Provider != v1alpha1.ProviderDecentral {
		return
	}
	switch d.IntN(7) {
	case 0:
		op.Transition = one(d, nil, d.transition())
	case 1:
		op.Review = one(d, nil, d.review())
	case 2, 3:
		if op.Transition != nil {
			op.Transition.DueOn = d.day()
		}
	case 4, 5:
		if op.Review != nil {
			op.Review.DueOn = d.day()
		}
	case 6:
		if op.Review != nil {
			slices.Reverse(op.Review.Reviewers)
		}
	}
}

// rights of somebody who asks for something in a place, some of which are of no
// use there.
func (d dice) rights(place string) []right {
	var rights []right
	for _, r := range []right{mayInventory, mayStateService, mayTransition} {
		switch n := d.IntN(100); {
		case n < 30:
			rights = append(rights, r)
		case n < 38:
			rights = append(rights, r+right("@"+place))
		case n < 45:
			rights = append(rights, r+"@amt-31")
		}
	}
	const operate right = "organisationalunits/operate"
	switch n := d.IntN(100); {
	case n < 30:
		rights = append(rights, operate)
	case n < 45:
		rights = append(rights, operate+":"+unitWeb)
	case n < 55:
		rights = append(rights, operate+":kdz-16-02-01", operate+":amt-12")
	case n < 60:
		// A unit is in no namespace.
		rights = append(rights, operate+right("@"+place))
	}
	return rights
}
