// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// account writes the totals of an Application's account, as its controller would.
func (w *world) account(name string, totals v1alpha1.AccountTotals, change ...func(*v1alpha1.AvailabilityRecord)) {
	w.Helper()
	r := &v1alpha1.AvailabilityRecord{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
	fill := func(r *v1alpha1.AvailabilityRecord) {
		r.Totals = totals
		for _, c := range change {
			c(r)
		}
	}
	fill(r)
	if err := w.Client.Create(w.Context(), r.DeepCopy()); err != nil {
		controllertest.Alter(w.World, r, fill)
	}
}

// supported leads a handover into early-life support, in which 99 % are to be
// kept, of an Application with an account of before.
func (w *world) supported() *v1alpha1.Handover {
	w.Helper()
	h := w.handover()
	w.account("termine", before)
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	w.signAll(h)
	return w.await(h, in(v1alpha1.HandoverEarlyLifeSupport))
}

// before early-life support an Application was out for long, and unseen.
var before = v1alpha1.AccountTotals{Agreed: 1_000_000, Charged: 200_000, Unobserved: 50_000}

// later are the totals after so many seconds more.
func later(agreed, charged, unobserved int64) v1alpha1.AccountTotals {
	return v1alpha1.AccountTotals{Agreed: before.Agreed + agreed, Charged: before.Charged + charged, Unobserved: before.Unobserved + unobserved}
}

// available says what keeps early-life support from telling of an availability.
func available(p v1alpha1.Percentage) func(*v1alpha1.Handover) string {
	return func(h *v1alpha1.Handover) string {
		if s := h.Status.EarlyLifeSupport; s == nil || s.Availability != p {
			return "availability is not " + string(p)
		}
		return ""
	}
}

// TestSupport: what was before it does not count, nor what nobody saw; and it
// goes on until what was agreed is reached.
func TestSupport(t *testing.T) {
	w := newWorld(t)
	o := w.start()
	h := w.supported()
	if s := h.Status.EarlyLifeSupport; s.Availability != "" || len(s.Accounts) != 1 || *s.Accounts[0].Totals != before {
		t.Errorf("at the beginning: %+v", s)
	}

	// An outage is told when the account is, and a share that only grows is not.
	w.account("termine", later(100_000, 2_000, 20_000))
	h = w.await(h, available("97.5"), in(v1alpha1.HandoverEarlyLifeSupport), lacks(v1alpha1.MissingAvailability, "97.5 %"))
	w.unchanged(o, h, func() { w.account("termine", later(120_000, 2_000, 20_000)) })

	// Its time is over, and it was not available enough.
	w.account("termine", later(200_000, 3_000, 20_000))
	w.await(h, available("98.33333"))
	o = w.restart(o, 720*time.Hour)
	w.settled()
	h = w.await(h, available("98.33333"), in(v1alpha1.HandoverEarlyLifeSupport), lacks(v1alpha1.MissingAvailability, "goes on"))
	if got := *h.Status.EarlyLifeSupport.Accounts[0].Totals; got != before {
		t.Errorf("it is counted from %+v on", got)
	}

	// What was agreed is reached.
	w.account("termine", later(400_000, 3_000, 20_000))
	o = w.restart(o, 48*time.Hour)
	w.await(h, in(v1alpha1.HandoverCompleted), available("99.21052"))
	w.unchanged(o, h, func() { w.account("termine", later(500_000, 90_000, 20_000)) })
}

// TestSupportUnobserved: of what nobody saw nobody can say that it was kept.
func TestSupportUnobserved(t *testing.T) {
	w := newWorld(t)
	o := w.start()
	h := w.supported()
	w.account("termine", later(100_000, 0, 100_000))
	o = w.restart(o, 721*time.Hour)
	w.settled()
	h = w.await(h, in(v1alpha1.HandoverEarlyLifeSupport), lacks(v1alpha1.MissingAvailability, "nothing was observed of termine"))
	if s := h.Status.EarlyLifeSupport; s.Availability != "" {
		t.Errorf("availability is told: %+v", s)
	}
	w.account("termine", later(100_100, 0, 100_000))
	w.restart(o, time.Hour)
	w.await(h, in(v1alpha1.HandoverCompleted), available("100"))
}

// TestAccountLost: an account that was begun anew holds nothing of the time
// before, so that all of it counts, and goes on to count when it is larger than
// what was lost.
func TestAccountLost(t *testing.T) {
	w := newWorld(t)
	w.start()
	h := w.supported()
	lost := func(r *v1alpha1.AvailabilityRecord) { r.HistoryLostAt = &metav1.Time{Time: began.Add(time.Hour)} }
	w.account("termine", v1alpha1.AccountTotals{Agreed: 1000, Charged: 100}, lost)
	h = w.await(h, available("90"))
	if accounts := h.Status.EarlyLifeSupport.Accounts; len(accounts) != 1 || accounts[0].Totals != nil {
		t.Errorf("it is counted from %+v on", accounts)
	}
	w.account("termine", v1alpha1.AccountTotals{Agreed: 2_000_000, Charged: 300_000, Unobserved: 1_000_000}, lost)
	w.await(h, available("70"))
}

// TestNewInSupport: an Application of which there was no account when it began
// is counted from its first second on.
func TestNewInSupport(t *testing.T) {
	w := newWorld(t)
	w.start()
	h := w.handover()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	w.signAll(h)
	w.await(h, in(v1alpha1.HandoverEarlyLifeSupport))
	w.account("termine", v1alpha1.AccountTotals{Agreed: 1000, Charged: 10})
	w.await(h, available("99"))
}
