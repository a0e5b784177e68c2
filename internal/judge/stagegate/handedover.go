// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"kdz.mainz.de/operator/api/v1alpha1"
)

// handedOver says whether all that the project delivers is handed over. A paper
// may say so of a project that is complete, as long as no handover says
// otherwise.
func (j *judge) handedOver() Finding {
	var none, rejected, open, early []*Deliverable
	for i := range j.Deliverables {
		d := &j.Deliverables[i]
		switch {
		case d.Stage == v1alpha1.HandoverCompleted:
		case d.Handover.Name == "":
			none = append(none, d)
		case d.Stage == v1alpha1.HandoverRejected:
			rejected = append(rejected, d)
		case d.Stage == v1alpha1.HandoverEarlyLifeSupport:
			early = append(early, d)
		default:
			open = append(open, d)
		}
	}
	application := func(d *Deliverable) string { return j.nameOf(d.Key) }
	handover := func(d *Deliverable) string { return j.nameOf(d.Handover) }
	asserted := j.verdict.Asserted && j.verdict.Stage == v1alpha1.StageCompleted
	switch {
	case len(rejected) > 0:
		return no(v1alpha1.ReasonHandoverRejected, "rejected: %s", names(rejected, handover))
	case len(none) > 0 && !asserted:
		return no(v1alpha1.ReasonNoHandover, "no Handover of this project names %s", names(none, application))
	case len(open) > 0:
		return no(v1alpha1.ReasonHandoverIncomplete, "not complete: %s", names(open, handover))
	case len(early) > 0:
		return no(v1alpha1.ReasonInEarlyLifeSupport, "in early-life support: %s", names(early, handover))
	case asserted && (len(none) > 0 || len(j.Deliverables) == 0):
		return yes(v1alpha1.ReasonAsserted, "%s says that the project is complete; no Handover says otherwise", j.paperName())
	case len(j.Deliverables) == 0:
		return unknown(v1alpha1.ReasonNoDeliverables, "the project names no Application that it delivers (spec.deliverables)")
	default:
		return yes(v1alpha1.ReasonHandedOver, "all that the project delivers is handed over")
	}
}
