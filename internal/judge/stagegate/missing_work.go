// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"kdz.mainz.de/operator/api/v1alpha1"
)

// work tells what is missing between the commission and the acceptance.
func (l *list) work() {
	if l.verdict.Stage == v1alpha1.StageCommissioned {
		if !l.planned() {
			l.add(item(v1alpha1.MissingStart, "spec.commission.startOn", "the project is commissioned, and nothing shows that it began: %s enters the first day of the work in spec.commission.startOn, of a procurement in spec.procurement.startedOn, or of a trial in spec.trial.startedOn", l.lead()))
		}
		return
	}
	if l.verdict.Stage == v1alpha1.StageInProcurement || l.procured.reached {
		l.unless(&l.awarded, v1alpha1.MissingAward, "spec.procurement.awardedOn", "%s completes the procurement and enters the day of the award in spec.procurement.awardedOn", l.lead())
	}
	if l.verdict.Stage == v1alpha1.StageInTrial || l.tried.reached {
		l.unless(&l.trialEnded, v1alpha1.MissingTrialEnd, "spec.trial.completedOn", "%s completes the trial and enters the day in spec.trial.completedOn", l.lead())
	}
	if l.verdict.Stage == v1alpha1.StageInImplementation {
		l.acceptance()
	}
}

// planned reports whether a day is entered on which the work, or what precedes
// it, is to begin or began.
func (j *judge) planned() bool {
	return j.start.known() || j.procured.known() || j.tried.known()
}

// acceptance tells what is missing until the result is released for operation.
func (l *list) acceptance() {
	l.unless(&l.tested, v1alpha1.MissingTest, "spec.acceptance.testedOn", "%s has the result tested and enters in spec.acceptance.testedOn when the test was passed", l.lead())
	l.unless(&l.trained, v1alpha1.MissingTraining, "spec.acceptance.trainedOn", "%s has the users trained and enters in spec.acceptance.trainedOn when training was complete", l.lead())
	l.unless(&l.accepted, v1alpha1.MissingAcceptance, "spec.acceptance.acceptedOn", "%s accepts the result; %s enters the day in spec.acceptance.acceptedOn", l.office(), l.lead())
	l.unless(&l.operational, v1alpha1.MissingOperationRelease, "spec.acceptance.releasedOn", "%s and the KDZ's operations release the result for operation; %s enters the day in spec.acceptance.releasedOn", l.office(), l.lead())
}

// handover tells what is missing until all is handed over.
func (l *list) handover() {
	if len(l.Deliverables) == 0 && len(l.Parts) == 0 {
		l.add(item(v1alpha1.MissingDeliverables, "spec.deliverables", "no Application is named that the project delivers: %s names it in spec.deliverables, so that it can be handed over to the KDZ's operations", l.lead()))
	}
	var items []v1alpha1.MissingItem
	for i := range l.Deliverables {
		if d := &l.Deliverables[i]; d.Stage != v1alpha1.HandoverCompleted {
			items = append(items, l.deliverable(d))
		}
	}
	l.add(fold(items, 2*maxOfAKind)...)
	items = nil
	for i := range l.Parts {
		if p := &l.Parts[i]; !ended(p.Stage) {
			items = append(items, item(v1alpha1.MissingSubproject, "", "the sub-project %s is not complete%s: its lead completes it", l.nameOf(p.Key), stageText(p.Stage)))
		}
	}
	l.add(fold(items, maxOfAKind)...)
}

// deliverable tells what the handover of an Application lacks.
func (l *list) deliverable(d *Deliverable) v1alpha1.MissingItem {
	application, handover := l.nameOf(d.Key), l.nameOf(d.Handover)
	switch {
	case d.Handover.Name == "" && !d.Exists:
		return item(v1alpha1.MissingHandover, "spec.deliverables", "there is no Application %s, which the project delivers: %s declares it and a Handover that names it, or corrects spec.deliverables", application, l.lead())
	case d.Handover.Name == "":
		return item(v1alpha1.MissingHandover, "spec.deliverables", "no Handover of this project names the Application %s: %s creates one, with the unit of the KDZ's operations that takes over", application, l.lead())
	case d.Stage == v1alpha1.HandoverEarlyLifeSupport:
		return item(v1alpha1.MissingHandoverCompletion, "spec.deliverables", "the Handover %s of the Application %s is in early-life support: %s helps until it ends", handover, application, l.lead())
	case d.Stage == v1alpha1.HandoverRejected:
		return item(v1alpha1.MissingHandoverCompletion, "spec.deliverables", "the Handover %s of the Application %s was rejected: %s mends what status.missing of the Handover names", handover, application, l.lead())
	default:
		return item(v1alpha1.MissingHandoverCompletion, "spec.deliverables", "the Handover %s of the Application %s is not complete%s: %s, the KDZ's operations and the other roles do what status.missing of the Handover names",
			handover, application, stageText(d.Stage), l.lead())
	}
}
