// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
)

const (
	// bookNamespace is where the accounted Applications are.
	bookNamespace = "books"
	bookLevel     = "around-the-clock"
	bookInterval  = 5 * time.Second
	bookThreshold = 2
	// confirmedWithin is how long it takes at most until an outage is recorded.
	confirmedWithin = (bookThreshold+1)*bookInterval + 5*time.Second
	// dead is how long there is no operator.
	dead = 6 * time.Second
)

// books is a world in which Applications are accounted.
type books struct {
	*plane
	accounts *eye[*v1alpha1.AvailabilityRecord]
}

// openBooks starts a control plane with an agreement around the clock.
func openBooks(t *testing.T, o controlplane.Options) *books {
	t.Helper()
	o.ControllerManager = controlplane.ControllerManagerOff
	b := &books{plane: startOpenPlane(t, o)}
	b.create(newUnit("kdz-16", ""))
	b.newNamespace(bookNamespace, "kdz-16")
	b.create(newServiceLevel(bookLevel, v1alpha1.CalendarYear))
	b.look()
	return b
}

// look watches the accounts.
func (b *books) look() {
	b.accounts = look[*v1alpha1.AvailabilityRecord](b.plane, &v1alpha1.AvailabilityRecordList{}, client.InNamespace(bookNamespace))
}

// lead starts an operator that competes for the lease.
func (b *books) lead() *operator {
	b.t.Helper()
	return b.startOperator("--leader-elect", "--leader-election-namespace", operatorNamespace)
}

// book creates an Application under the agreement, asked at an address.
func (b *books) book(name, address string) {
	b.t.Helper()
	app := newApplication(bookNamespace, name, "kdz-16", v1alpha1.Endpoint{
		Name: "door", URL: "tcp://" + address, Interval: "5s", FailureThreshold: bookThreshold,
	})
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: bookLevel}
	b.create(app)
}

// indicated says what is missing until an account's indicator is in a state,
// under the agreement.
func indicated(want v1alpha1.IndicatorState) func(*v1alpha1.AvailabilityRecord) string {
	return func(r *v1alpha1.AvailabilityRecord) string {
		if c := r.Current; c == nil || c.State != want || len(c.Segments) == 0 {
			return fmt.Sprintf("%+v", c)
		}
		return ""
	}
}

// await awaits an account in a state, and returns it.
func (b *books) await(mark int, within time.Duration, name string, state v1alpha1.IndicatorState) *v1alpha1.AvailabilityRecord {
	b.t.Helper()
	return b.accounts.await(mark, within, name, "accounted as "+string(state), indicated(state)).object
}

// awaitRecorded returns when the heartbeat says that all is recorded up to a
// moment, and what it says.
func (b *books) awaitRecorded(at time.Time) time.Time {
	b.t.Helper()
	var recorded time.Time
	poll(b.t, settleWithin, "recorded", func() (string, bool) {
		recorded = b.recorded()
		return fmt.Sprintf("up to %s, not yet %s", recorded, at), recorded.After(at)
	})
	return recorded
}

// read reads one of the operator's own documents, and says whether it is there.
func (b *books) read(name, key string, document any) bool {
	b.t.Helper()
	var m corev1.ConfigMap
	err := b.admin.Get(b.t.Context(), client.ObjectKey{Namespace: operatorNamespace, Name: name}, &m)
	if apierrors.IsNotFound(err) {
		return false
	}
	if err == nil {
		err = json.Unmarshal([]byte(m.Data[key]), document)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return true
}

// recorded is up to when everything is recorded, by the heartbeat; zero if there
// is none.
func (b *books) recorded() time.Time {
	b.t.Helper()
	var heartbeat struct{ Recorded time.Time }
	b.read("kdz-operator-heartbeat", "heartbeat.json", &heartbeat)
	return heartbeat.Recorded
}

// gap is a time that nobody observed.
type gap struct{ From, To time.Time }

// awaitGap awaits a gap that begins at a moment.
func (b *books) awaitGap(from time.Time) gap {
	b.t.Helper()
	var found gap
	poll(b.t, settleWithin, "a gap", func() (string, bool) {
		var gaps struct{ Gaps []gap }
		b.read("kdz-operator-gaps", "gaps.json", &gaps)
		for _, g := range gaps.Gaps {
			if g.From.Equal(from) {
				found = g
				return "", true
			}
		}
		return fmt.Sprintf("of %v none begins at %s", gaps.Gaps, from), false
	})
	return found
}

// sound asserts what holds of every account: no class of time is negative, and
// nothing is more than all.
func (b *books) sound(r *v1alpha1.AvailabilityRecord) {
	b.t.Helper()
	a := r.Current.Accumulators
	for name, n := range map[string]int64{
		"agreed": a.Agreed, "charged": a.Charged, "unobserved": a.Unobserved, "raw": a.Raw, "excluded": a.Excluded,
	} {
		if n < 0 {
			b.t.Errorf("%s: %s is %d s", r.Name, name, n)
		}
	}
	if a.Charged+a.Unobserved > a.Agreed {
		b.t.Errorf("%s: of %d s agreed, %d s are charged and %d s unobserved", r.Name, a.Agreed, a.Charged, a.Unobserved)
	}
}

// onlyOutage returns the one outage of an account, and asserts that each of its
// seconds was seen to be down or not seen at all.
func (b *books) onlyOutage(r *v1alpha1.AvailabilityRecord) v1alpha1.Outage {
	b.t.Helper()
	b.sound(r)
	if len(r.Outages) != 1 || r.Outages[0].EndAt == nil {
		b.t.Fatalf("%s: outages %+v", r.Name, r.Outages)
	}
	o := r.Outages[0]
	if lasted := int64(o.EndAt.Sub(o.StartAt.Time).Seconds()); o.RawSeconds+o.UnobservedSeconds != lasted || o.ChargedSeconds != o.RawSeconds {
		b.t.Errorf("%s: an outage of %d s has %d s raw, %d s charged, %d s unobserved", r.Name, lasted, o.RawSeconds, o.ChargedSeconds, o.UnobservedSeconds)
	}
	return o
}

// TestS2KilledInAnOutage: an outage in which the operator is killed and started
// again is one outage; what nobody saw is unobserved, all else is charged.
func TestS2KilledInAnOutage(t *testing.T) {
	t.Parallel()
	b := openBooks(t, controlplane.Options{})
	door := startTCP(t, doorAddress(t), greet)
	o := b.lead()
	b.book("desk", door.address)
	b.await(0, settleWithin, "desk", v1alpha1.IndicatorUp)
	mark := b.accounts.mark()
	stopped := time.Now()
	door.stop()
	down := b.await(mark, confirmedWithin, "desk", v1alpha1.IndicatorDown)
	since := down.Current.OpenOutage.StartAt.Time
	if since.Before(stopped.Truncate(time.Second)) || since.After(stopped.Add(bookInterval+time.Second)) {
		t.Errorf("the outage began at %s, but the server stopped at %s", since, stopped)
	}
	b.awaitRecorded(since.Add(bookInterval))
	o.kill()
	recorded := b.recorded()
	<-time.After(dead)

	o = b.lead()
	gap := b.awaitGap(recorded)
	mark = b.accounts.mark()
	door.start()
	up := b.await(mark, settleWithin, "desk", v1alpha1.IndicatorUp)
	outage := b.onlyOutage(b.whole(up))
	unseen := gap.To.Unix() - gap.From.Unix()
	if unseen < int64(dead.Seconds()) {
		t.Errorf("only %d s are unobserved, though nobody was there for %s", unseen, dead)
	}
	if !outage.StartAt.Time.Equal(since) || outage.UnobservedSeconds != unseen {
		t.Errorf("the outage began at %s with %d s unobserved, want %s and %d s", outage.StartAt, outage.UnobservedSeconds, since, unseen)
	}
	t.Logf("one outage of %.0f s: %d s charged, %d s unobserved between the last heartbeat and the end of the first sweep",
		outage.EndAt.Sub(outage.StartAt.Time).Seconds(), outage.ChargedSeconds, outage.UnobservedSeconds)
	o.end()
}

// whole reads an account as it is stored.
func (b *books) whole(r *v1alpha1.AvailabilityRecord) *v1alpha1.AvailabilityRecord {
	b.t.Helper()
	stored := &v1alpha1.AvailabilityRecord{}
	if err := b.admin.Get(b.t.Context(), client.ObjectKeyFromObject(r), stored); err != nil {
		b.t.Fatal(err)
	}
	return stored
}

// restart ends the control plane, has something done, and starts another one
// from what is stored.
func (b *books) restart(o controlplane.Options, between func()) {
	b.t.Helper()
	if err := b.Stop(); err != nil {
		b.t.Fatal("stop the control plane:", err)
	}
	between()
	o.ControllerManager = controlplane.ControllerManagerOff
	b.plane = startOpenPlane(b.t, o)
	b.look()
}
