// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Rights on Projects.
const (
	rightSteeringRound right = "projects/steeringround"
	rightConference    right = "projects/conference"
	rightRelease       right = "projects/release"
	rightNameInProject right = "projects/onbehalf"
	rightInventory     right = "applications/inventory"
)

// What the policy on Projects says.
const (
	noDeletion      = "a Project with decisions is evidence and kept as long as its namespace: instead of deleting it, set spec.paused, or have the body record a further decision in spec.decisions"
	noOtherDecision = "a decision once recorded is never changed or removed: leave it in spec.decisions as it is, and have the body record a further one under a reference of its own"
	notSteering     = "you may not record a decision of the DigIT steering round in spec.decisions: the steering round does (right projects/steeringround)"
	notConference   = "you may not record a decision of the DigIT conference in spec.decisions: the conference does (right projects/conference)"
	notMyDecision   = "spec.decisions[].decidedBy of a new decision must be your own user name steering-round@example.org: set it, or have the other person record the decision (right projects/onbehalf lets a pipeline name others)"
	twoEyes         = "who released a request cannot decide on it (four eyes): have another member of the body record the decision in their own name"
	noOtherRelease  = "the release of a request is never changed or taken back: leave spec.request.releasedOn and releasedByUser as they are, and register another Project for another request"
	notReleasing    = "you may not release a request: leave out spec.request.releasedOn and releasedByUser, and have the head of requirements management set them (right projects/release)"
	notMyRelease    = "spec.request.releasedByUser must be your own user name requirements@example.org: set it, or have the other person release the request (right projects/onbehalf lets a pipeline name others)"
	releasedAlready = "the request has been released: leave spec.track and spec.request as they are, or have the head of requirements management change them (right projects/release)"
	steeringDecided = "the DigIT steering round has decided on the request: leave spec.track and spec.request as they are, or have the steering round change them (right projects/steeringround)"
	conferDecided   = "the DigIT conference has decided on the request: leave spec.track and spec.request as they are, or have the conference change them (right projects/conference)"
	notRecorded     = "you may not set, change or remove spec.recorded: give evidence of the stage in the other fields, or have the inventory record what a paper says (right applications/inventory)"
)

// Bodies and outcomes, for short.
const (
	steering  = v1alpha1.BodySteeringRound
	confer    = v1alpha1.BodyConference
	approved  = v1alpha1.OutcomeApproved
	rejected  = v1alpha1.OutcomeRejected
	postponed = v1alpha1.OutcomeDeferred
)

// everyone holds every right on Projects.
func everyone(t *testing.T, name string) user {
	t.Helper()
	return person(t, name, rightSteeringRound, rightConference, rightRelease, rightNameInProject, rightInventory)
}

func TestProjectDecisions(t *testing.T) {
	t.Parallel()
	round := person(t, inSteeringRound, rightSteeringRound)
	conference := person(t, inConference, rightConference)
	flux := person(t, pipeline, rightSteeringRound, rightRelease, rightNameInProject)
	approval := decided(steering, approved, "SR-1", inSteeringRound)
	before := kept(t, project(approval))
	runEvidence(t, "projects", []evidenceCase{
		{"none", editor(t), create, project(), ""},
		{"by an editor", editor(t), create, project(approval), notSteering},
		{"by whom RBAC lets do everything", writer(t), create, project(approval), notSteering},
		{"by the steering round", round, create, project(approval), ""},
		{"by the steering round of another namespace", person(t, inSteeringRound, rightSteeringRound+"@amt-10"), create, project(approval), notSteering},
		{"by the conference for the steering round", conference, create, project(decided(steering, approved, "SR-1", inConference)), notSteering},
		{"by the steering round for the conference", round, create, project(decided(confer, approved, "C-1", inSteeringRound)), notConference},
		{"by the conference", conference, create, project(decided(confer, approved, "C-1", inConference)), ""},
		{"in another's name", round, create, project(decided(steering, approved, "SR-1", inConference)), notMyDecision},
		{"in another's name by a pipeline", flux, create, project(approval), ""},
		{"added", round, update, with(before, decided(steering, rejected, "SR-2", inSteeringRound)), ""},
		{"added by an editor", editor(t), update, with(before, decided(steering, rejected, "SR-2", inSteeringRound)), notSteering},
		{"left while something else changes", editor(t), update, with(before, retitled), ""},
		{"changed", round, update, with(before, func(p *v1alpha1.Project) { p.Spec.Decisions[0].Outcome = rejected }), noOtherDecision},
		{"given grounds later", round, update, with(before, func(p *v1alpha1.Project) {
			p.Spec.Decisions[0].Grounds = &v1alpha1.DecisionGrounds{Strategy: "Digital services"}
		}), noOtherDecision},
		{"removed", everyone(t, inSteeringRound), update, with(before, func(p *v1alpha1.Project) { p.Spec.Decisions = nil }), noOtherDecision},
		{"replaced by another", everyone(t, inSteeringRound), update, with(before, func(p *v1alpha1.Project) {
			p.Spec.Decisions[0] = decision(steering, approved, "SR-2", inSteeringRound)
		}), noOtherDecision},
		{"deleted with its project", everyone(t, inSteeringRound), remove, before, noDeletion},
		{"none to delete", editor(t), remove, kept(t, project()), ""},
	})
}

func TestProjectReleases(t *testing.T) {
	t.Parallel()
	head := person(t, requirements, rightRelease)
	flux := person(t, pipeline, rightRelease, rightNameInProject)
	open := kept(t, project())
	before := kept(t, project(released(requirements)))
	runEvidence(t, "projects", []evidenceCase{
		{"by an editor", editor(t), create, project(released("editor@example.org")), notReleasing},
		{"by its head", head, create, project(released(requirements)), ""},
		{"in another's name", head, create, project(released("somebody@example.org")), notMyRelease},
		{"in another's name by a pipeline", flux, create, project(released(requirements)), ""},
		{"later by an editor", editor(t), update, with(open, released("editor@example.org")), notReleasing},
		{"later by its head", head, update, with(open, released(requirements)), ""},
		{"of another day", everyone(t, requirements), update, with(before, func(p *v1alpha1.Project) {
			p.Spec.Request.ReleasedOn = "2026-02-28"
		}), noOtherRelease},
		{"in a new name", everyone(t, "somebody@example.org"), update, with(before, released("somebody@example.org")), noOtherRelease},
		{"taken back", everyone(t, requirements), update, with(before, func(p *v1alpha1.Project) {
			p.Spec.Request.ReleasedOn, p.Spec.Request.ReleasedByUser = "", ""
		}), noOtherRelease},
		{"taken back with its request", everyone(t, requirements), update, with(before, func(p *v1alpha1.Project) {
			p.Spec.Request = nil
		}), noOtherRelease},
		{"left while something else changes", editor(t), update, with(before, retitled), ""},
	})
}

func TestProjectFourEyes(t *testing.T) {
	t.Parallel()
	both := person(t, requirements, rightRelease, rightSteeringRound)
	flux := everyone(t, pipeline)
	before := kept(t, project(released(requirements)))
	undecided := kept(t, project(decided(steering, approved, "SR-1", requirements)))
	runEvidence(t, "projects", []evidenceCase{
		{"two persons in one request", flux, create, project(released(requirements), decided(steering, approved, "SR-1", inSteeringRound)), ""},
		{"one person in one request", both, create, project(released(requirements), decided(steering, approved, "SR-1", requirements)), twoEyes},
		{"one person named by a pipeline", flux, create, project(released(requirements), decided(steering, approved, "SR-1", requirements)), twoEyes},
		{"who released decides", both, update, with(before, decided(steering, approved, "SR-1", requirements)), twoEyes},
		{"who released records what another decided", everyone(t, requirements), update, with(before, decided(steering, approved, "SR-1", inSteeringRound)), twoEyes},
		{"a pipeline records that who released decided", flux, update, with(before, decided(steering, approved, "SR-1", requirements)), twoEyes},
		{"who decided releases", both, update, with(undecided, released(requirements)), twoEyes},
		{"who decided records that another released", everyone(t, requirements), update, with(undecided, released("somebody@example.org")), twoEyes},
		{"another decides", person(t, inSteeringRound, rightSteeringRound), update, with(before, decided(steering, approved, "SR-1", inSteeringRound)), ""},
	})
}

func TestProjectRequests(t *testing.T) {
	t.Parallel()
	head := person(t, requirements, rightRelease)
	round := person(t, inSteeringRound, rightSteeringRound)
	conference := person(t, inConference, rightConference)
	fast := func(p *v1alpha1.Project) { p.Spec.Track = v1alpha1.TrackFastLane }
	unreleased := kept(t, project())
	open := kept(t, project(released(requirements)))
	deferred := kept(t, project(released(requirements), decided(steering, postponed, "SR-1", inSteeringRound)))
	granted := kept(t, project(released(requirements), decided(steering, approved, "SR-1", inSteeringRound)))
	strategic := kept(t, project(decided(confer, rejected, "C-1", inConference)))
	twice := kept(t, project(decided(steering, approved, "SR-1", inSteeringRound), decided(confer, approved, "C-1", inConference)))
	runEvidence(t, "projects", []evidenceCase{
		{"not released", editor(t), update, with(unreleased, costs(1)), ""},
		{"not released, on another track", editor(t), update, with(unreleased, fast), ""},
		{"released", editor(t), update, with(open, costs(1)), releasedAlready},
		{"released, on another track", editor(t), update, with(open, fast), releasedAlready},
		{"released, by its head", head, update, with(open, costs(1)), ""},
		{"released and decided in one", round, update, with(open, costs(1), decided(steering, approved, "SR-1", inSteeringRound)), releasedAlready},
		{"deferred", editor(t), update, with(deferred, costs(1)), releasedAlready},
		{"deferred, by its head", head, update, with(deferred, costs(1)), ""},
		{"decided, another cost", editor(t), update, with(granted, costs(1)), steeringDecided},
		{"decided, another effort", editor(t), update, with(granted, func(p *v1alpha1.Project) {
			p.Spec.Request.EffortPersonDays = new(int32)
		}), steeringDecided},
		{"decided, another justification", editor(t), update, with(granted, func(p *v1alpha1.Project) {
			p.Spec.Request.Justification = "Because"
		}), steeringDecided},
		{"decided, submitted on another day", editor(t), update, with(granted, func(p *v1alpha1.Project) {
			p.Spec.Request.SubmittedOn = "2026-02-01"
		}), steeringDecided},
		{"decided, on another track", editor(t), update, with(granted, fast), steeringDecided},
		{"decided, by the head of requirements", head, update, with(granted, costs(1)), steeringDecided},
		{"decided, by the other body", conference, update, with(granted, costs(1)), steeringDecided},
		{"decided, by the body", round, update, with(granted, costs(1)), ""},
		{"rejected, to the fast lane", editor(t), update, with(strategic, fast), conferDecided},
		{"rejected, by the other body", round, update, with(strategic, costs(1)), conferDecided},
		{"rejected, by the body", conference, update, with(strategic, costs(1)), ""},
		{"decided by both, changed by one", round, update, with(twice, costs(1)), conferDecided},
		{"decided by both, changed by whom both let", person(t, inSteeringRound, rightSteeringRound, rightConference), update, with(twice, costs(1)), ""},
	})
}

func TestProjectRecordedStages(t *testing.T) {
	t.Parallel()
	inventory := person(t, pipeline, rightInventory)
	before := kept(t, project(asserted(v1alpha1.StageInTrial)))
	runEvidence(t, "projects", []evidenceCase{
		{"by an editor", editor(t), create, project(asserted(v1alpha1.StageCompleted)), notRecorded},
		{"by the inventory", inventory, create, project(asserted(v1alpha1.StageCompleted)), ""},
		{"by the inventory of another namespace", person(t, pipeline, rightInventory+"@amt-10"), create, project(asserted(v1alpha1.StageCompleted)), notRecorded},
		{"changed by an editor", editor(t), update, with(before, asserted(v1alpha1.StageCompleted)), notRecorded},
		{"changed by the inventory", inventory, update, with(before, asserted(v1alpha1.StageCompleted)), ""},
		{"removed by an editor", editor(t), update, with(before, func(p *v1alpha1.Project) { p.Spec.Recorded = nil }), notRecorded},
		{"left while something else changes", editor(t), update, with(before, retitled), ""},
	})
}
