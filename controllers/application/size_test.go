// SPDX-License-Identifier: Apache-2.0

package application

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
	judgebackup "kdz.mainz.de/operator/internal/judge/backup"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// talkative is what shows how something stands, at length.
var talkative = strings.Repeat("the connection was refused ", 20)

// name is one of so many bytes.
func name(kind string, n, length int) string {
	text := fmt.Sprintf("%s-%02d", kind, n)
	return text + strings.Repeat("x", max(length-len(text), 0))
}

// crowd is an Application with so much of everything that all of it is told.
type crowd struct {
	endpoints, systems, sources int
	// up of the systems, the first ones.
	up int
	// nameLength of all names, in bytes.
	nameLength int
}

var crowdedAt = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// scope is what was gathered of it, all of it bad but for some systems.
func (c *crowd) scope() *scope {
	now := crowdedAt
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-10", Name: "shop", Generation: 3}}
	app.Spec.Lifecycle = v1alpha1.LifecycleOperating
	app.Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformLinux}
	app.Spec.Backup = &v1alpha1.Backup{MaxAge: "26h"}
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: "office-hours"}
	for i := range c.endpoints {
		app.Spec.Endpoints = append(app.Spec.Endpoints, v1alpha1.Endpoint{Name: v1alpha1.ItemName(name("endpoint", i, c.nameLength))})
	}
	app.Spec.Origin = v1alpha1.OriginProject
	s := newScope(app, now)
	s.effective = app
	s.handover = &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Namespace: name("namespace", 0, 63), Name: name("handover", 0, 63)}}
	s.handover.Status.Stage = v1alpha1.HandoverEarlyLifeSupport
	for i := range app.Spec.Endpoints {
		d := &app.Spec.Endpoints[i]
		s.endpoints = append(s.endpoints, seenEndpoint{declared: d, seen: observe.Observation{
			Name: string(d.Name), State: observe.StateDown, Since: now, Reason: "ConnectionRefused",
			Message: talkative, CertificateNotAfter: now.AddDate(0, 6, 0),
		}})
	}
	facts := hosting.System{Total: 300}
	for i := range hosting.MaxComponents {
		facts.Components = append(facts.Components, hosting.Component{
			Name: name("unit", i, hosting.MaxComponentText), State: v1alpha1.ComponentDown, Message: talkative[:hosting.MaxComponentText],
		})
	}
	for i := range c.systems {
		y := seenSystem{name: name("system", i, c.nameLength+1)}
		y.seen = observe.Observation{Name: systemCheck + y.name, State: observe.StateUp, Since: now, Facts: hosting.System{Total: 300}}
		if i >= c.up {
			y.seen.State, y.seen.Reason, y.seen.Message, y.seen.Facts = observe.StateDown, v1alpha1.ReasonUnitState, talkative, facts
		}
		s.systems = append(s.systems, y)
	}
	for i := range c.sources {
		s.backup.evidence = append(s.backup.evidence, judgebackup.Evidence{
			Source: name("source", i, c.nameLength), Subject: `Velero schedule "nightly"`, SuccessAt: now.Add(-time.Hour), FailureAt: now.Add(-time.Minute),
			FailureName: talkative, FailurePhase: talkative, RestoreTestAt: now.Add(-time.Hour), RestoreTestTook: time.Hour,
		})
	}
	return s
}

// tellAll judges and tells, with the summary of an account beside it.
func tellAll(s *scope) *v1alpha1.ApplicationStatus {
	s.judge()
	s.judgeBackup()
	s.account.scope.Level = "office-hours"
	s.account.judged = &availability.Judgement{
		Reason: v1alpha1.ReasonBreached, Message: "99.40118 % of 99.5 % agreed in 2026-11; the budget of 1h5m42s is exceeded by 12m58s",
		Summary: &v1alpha1.ServiceLevelSummary{
			Period: "2026-11", AsOf: metav1.NewTime(s.now), AgreedSeconds: 788400, ChargedSeconds: 4720, UnobservedSeconds: 12345,
			BudgetSeconds: 3942, BudgetLeftSeconds: -778, Objective: "99.5", Availability: "99.40118", Result: v1alpha1.ResultBreached,
		},
	}
	s.tell()
	return &s.app.Status
}

// bounded returns how large a status is, which must not be too much.
func bounded(t *testing.T, st *v1alpha1.ApplicationStatus) int {
	t.Helper()
	data, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 8<<10 {
		t.Errorf("the status has %d bytes, more than 8 KiB:\n%s", len(data), data)
	}
	return len(data)
}

// TestStatusIsBounded: a status in which everything is told at once stays within
// its bound, however long the names are, and tells of no less than it has to.
func TestStatusIsBounded(t *testing.T) {
	for what, test := range map[string]struct {
		crowd
		// endpoints and systems that are told of at least.
		endpoints, systems int
	}{
		"all endpoints":                     {crowd{endpoints: 32, nameLength: 11}, 32, 0},
		"all endpoints, long names":         {crowd{endpoints: 32, nameLength: 63}, 20, 0},
		"all systems":                       {crowd{systems: 32, nameLength: 11}, 0, 32},
		"all of everything":                 {crowd{endpoints: 32, systems: 32, sources: 16, nameLength: 11}, 10, 10},
		"all of everything, and long names": {crowd{endpoints: 32, systems: 32, sources: 16, nameLength: 63}, 4, 4},
		"some of everything":                {crowd{endpoints: 8, systems: 8, sources: 4, nameLength: 20}, 8, 8},
	} {
		t.Run(what, func(t *testing.T) {
			st := tellAll(test.scope())
			t.Logf("%d bytes, %d endpoints, %d systems", bounded(t, st), len(st.Endpoints), len(systemsOf(st)))
			if len(st.Endpoints) < test.endpoints || len(systemsOf(st)) < test.systems {
				t.Errorf("%d endpoints and %d systems are told of, want %d and %d at least", len(st.Endpoints), len(systemsOf(st)), test.endpoints, test.systems)
			}
			if test.sources > 0 && len(st.Backup.Sources) != test.sources {
				t.Errorf("%d sources of backups are told of, want all %d", len(st.Backup.Sources), test.sources)
			}
			for i := range st.Endpoints {
				if st.Endpoints[i].Name != v1alpha1.ItemName(name("endpoint", i, test.nameLength)) {
					t.Errorf("endpoint %d is %s: not in the order of the spec", i, st.Endpoints[i].Name)
				}
			}
		})
	}
}

// TestStatusLeavesNothingOutWithoutNeed: what there is room for is told.
func TestStatusLeavesNothingOutWithoutNeed(t *testing.T) {
	st := tellAll((&crowd{endpoints: 3, systems: 4, up: 3, sources: 1, nameLength: 11}).scope())
	bounded(t, st)
	down := st.Hosting.Systems[3]
	if len(st.Endpoints) != 3 || len(st.Hosting.Systems) != 4 || len(down.Components) != hosting.MaxComponents || len(down.Message) != maxPartMessage {
		t.Errorf("%+v", st.Hosting)
	}
}

// TestUpIsLeftOutFirst: systems that are Up go before any that is not, and begin
// as Up after a restart, so that nothing seems to have changed.
func TestUpIsLeftOutFirst(t *testing.T) {
	c := &crowd{endpoints: 16, systems: 32, up: 28, sources: 4, nameLength: 40}
	before := c.scope()
	st := tellAll(before)
	bounded(t, st)
	if len(st.Hosting.Systems) != 4 || len(st.Endpoints) != 16 {
		t.Fatalf("%d systems and %d endpoints are told of, want the 4 and the 16 that are down", len(st.Hosting.Systems), len(st.Endpoints))
	}
	// This is what a new process reads.
	after := newScope(before.app, crowdedAt.Add(time.Minute))
	for i := range before.systems {
		y := &before.systems[i]
		seed := after.systemSeed(y.name)
		if seed == nil || seed.State != y.seen.State || seed.Since.IsZero() || seed.Name != y.seen.Name {
			t.Fatalf("%s was in state %v, and begins with %+v", y.name, y.seen.State, seed)
		}
	}
	for i := range before.endpoints {
		if seed := after.seed(before.endpoints[i].declared.Name); seed == nil || seed.State != observe.StateDown {
			t.Errorf("%s begins with %+v", before.endpoints[i].declared.Name, seed)
		}
	}
	// Seeds are all that the observer knows at first. The judgement is the same.
	after.effective, after.endpoints = after.app, before.endpoints
	for i := range before.systems {
		after.systems = append(after.systems, seenSystem{name: before.systems[i].name, seen: *after.systemSeed(before.systems[i].name)})
	}
	if judged := after.hostingStatus(); judged.State != st.Hosting.State || !judged.Since.Equal(st.Hosting.Since) {
		t.Errorf("hosting is %s since %s, and was %s since %s", judged.State, judged.Since, st.Hosting.State, st.Hosting.Since)
	}
	if r := after.readiness(); r.Unjudged {
		t.Errorf("after the restart: %+v", r)
	}
}

// TestWhatIsNotKnownIsNotUp: what status does not tell of is Up only if nothing
// else can be the reason.
func TestWhatIsNotKnownIsNotUp(t *testing.T) {
	small, full := &crowd{endpoints: 2, systems: 2, nameLength: 11}, &crowd{endpoints: 32, systems: 32, sources: 16, nameLength: 63}
	of := func(c *crowd, change func(*v1alpha1.Application)) *scope {
		s := c.scope()
		tellAll(s)
		change(s.app)
		return newScope(s.app, crowdedAt)
	}
	for what, test := range map[string]struct {
		scope *scope
		up    bool
	}{
		"left out":                         {of(small, func(*v1alpha1.Application) {}), true},
		"declared since":                   {of(small, func(a *v1alpha1.Application) { a.Generation++ }), false},
		"left out with others":             {of(full, func(*v1alpha1.Application) {}), false},
		"of hosting that was not told yet": {of(small, func(a *v1alpha1.Application) { a.Status = v1alpha1.ApplicationStatus{} }), false},
	} {
		for kind, seed := range map[string]*observe.Observation{"endpoint": test.scope.seed("another"), "system": test.scope.systemSeed("another")} {
			if (seed != nil) != test.up || seed != nil && seed.State != observe.StateUp {
				t.Errorf("%s %s begins with %+v", kind, what, seed)
			}
		}
	}
	// One that status tells of as waiting has no first state, whatever else is so.
	s := of(small, func(a *v1alpha1.Application) {
		a.Status.Hosting.Systems[0] = v1alpha1.SystemStatus{Name: "waits", State: v1alpha1.ComponentUnknown, Reason: v1alpha1.ReasonAwaitingFirstResult}
	})
	if seed := s.systemSeed("waits"); seed != nil {
		t.Errorf("a system that waits begins with %+v", seed)
	}
}
