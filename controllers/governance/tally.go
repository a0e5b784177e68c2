// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// tally counts Applications by verdict. It remembers what each counts as, so
// that it is taken back exactly as it was given. The zero value is ready for
// use, and safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	verdicts map[types.NamespacedName]slot
	counts   [slots]int32
}

// slot is a verdict in one byte, of which there is one for each Application.
type slot uint8

const (
	unknown slot = iota
	compliant
	exempt
	underReview
	inTransition
	violating
	outOfScope
	slots
)

// slotOf returns where a verdict counts: what nobody has judged yet, and what
// this version does not know, as Unknown.
func slotOf(v v1alpha1.Verdict) slot {
	switch v {
	case v1alpha1.VerdictCompliant:
		return compliant
	case v1alpha1.VerdictExempt:
		return exempt
	case v1alpha1.VerdictUnderReview:
		return underReview
	case v1alpha1.VerdictInTransition:
		return inTransition
	case v1alpha1.VerdictViolating:
		return violating
	case v1alpha1.VerdictOutOfScope:
		return outOfScope
	}
	return unknown
}

// set takes note of an Application's verdict and says whether a count changed.
func (t *tally) set(key types.NamespacedName, v v1alpha1.Verdict) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	is := slotOf(v)
	was, counted := t.verdicts[key]
	switch {
	case counted && was == is:
		return false
	case counted:
		t.counts[was]--
	case t.verdicts == nil:
		t.verdicts = map[types.NamespacedName]slot{}
	}
	t.counts[is]++
	t.verdicts[key] = is
	return true
}

// forget drops an Application that is gone and says whether a count changed.
func (t *tally) forget(key types.NamespacedName) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was, counted := t.verdicts[key]
	if counted {
		t.counts[was]--
		delete(t.verdicts, key)
	}
	return counted
}

// total returns the counts.
func (t *tally) total() v1alpha1.CentralisationCounts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return v1alpha1.CentralisationCounts{
		Compliant:    t.counts[compliant],
		Exempt:       t.counts[exempt],
		UnderReview:  t.counts[underReview],
		InTransition: t.counts[inTransition],
		Violating:    t.counts[violating],
		OutOfScope:   t.counts[outOfScope],
		Unknown:      t.counts[unknown],
	}
}
