// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
)

const (
	// crowd is how many targets die while the API server is away.
	crowd = 200
	// away is how long it is: longer than anybody keeps a lease.
	away = 20 * time.Second
)

// crowded is a crowd of targets, each with an Application.
type crowded struct {
	*books
	doors []*server
}

func (c *crowded) name(i int) string { return fmt.Sprintf("desk-%03d", i) }

// die stops all targets, one after the other, and returns when.
func (c *crowded) die() []time.Time {
	died := make([]time.Time, len(c.doors))
	for i, door := range c.doors {
		died[i] = time.Now()
		door.stop()
	}
	return died
}

// freeze stops the API server without ending it, and returns what wakes it.
func (c *crowded) freeze() (thaw func()) {
	c.t.Helper()
	pid := c.ProcessID("kube-apiserver")
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	return func() {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			c.t.Fatal(err)
		}
	}
}

// TestS3APIServerAway: while the API server is away 200 targets die; when it is
// back, each outage is told from the moment at which it began. If the operator
// is killed meanwhile, all that is left is a gap.
func TestS3APIServerAway(t *testing.T) {
	t.Parallel()
	c := &crowded{books: openBooks(t, controlplane.Options{})}
	for range crowd {
		c.doors = append(c.doors, startTCP(t, doorAddress(t), greet))
	}
	o := c.lead()
	for i, door := range c.doors {
		c.book(c.name(i), door.address)
	}
	for i := range c.doors {
		c.await(0, settleWithin, c.name(i), v1alpha1.IndicatorUp)
	}
	c.awaitRecorded(time.Now())

	mark := c.accounts.mark()
	thaw := c.freeze()
	died := c.die()
	over := time.After(away)
	<-over
	thawed := time.Now()
	thaw()
	for i := range c.doors {
		down := c.await(mark, settleWithin, c.name(i), v1alpha1.IndicatorDown)
		c.sound(down)
		since := down.Current.OpenOutage.StartAt.Time
		// A machine that does much else can miss a look.
		if since.Before(died[i].Truncate(time.Second)) || since.After(died[i].Add(2*bookInterval+time.Second)) {
			t.Errorf("%s died at %s, but its outage is told from %s", c.name(i), died[i], since)
		}
	}
	t.Logf("%d outages told %.1f s after the API server was back, each from the moment at which it began", crowd, time.Since(thawed).Seconds())

	mark = c.accounts.mark()
	for _, door := range c.doors {
		door.start()
	}
	for i := range c.doors {
		c.await(mark, settleWithin, c.name(i), v1alpha1.IndicatorUp)
	}
	recorded := c.awaitRecorded(time.Now())
	mark = c.accounts.mark()
	thaw = c.freeze()
	c.die()
	o.kill()
	thaw()
	o = c.lead()
	gap := c.awaitGap(recorded)
	for i := range c.doors {
		down := c.await(mark, settleWithin, c.name(i), v1alpha1.IndicatorDown)
		c.sound(down)
		if since := down.Current.OpenOutage.StartAt.Time; since.Before(gap.From.Truncate(time.Second)) {
			t.Errorf("%s: nobody saw anything from %s on, but its outage is told from %s", c.name(i), gap.From, since)
		}
	}
	o.end()
}

// TestS4LeaderStopped: a leader that was stopped while another one took over
// writes nothing when it goes on.
func TestS4LeaderStopped(t *testing.T) {
	t.Parallel()
	b := openBooks(t, controlplane.Options{})
	door := startTCP(t, doorAddress(t), greet)
	first := b.lead()
	first.await(settleWithin, "the leader", func() (string, bool) { return first.leads() })
	second := b.lead()
	b.book("desk", door.address)
	b.await(0, settleWithin, "desk", v1alpha1.IndicatorUp)
	mark := b.accounts.mark()
	door.stop()
	down := b.await(mark, confirmedWithin, "desk", v1alpha1.IndicatorDown)
	since := down.Current.OpenOutage.StartAt.Time
	b.awaitRecorded(since.Add(bookInterval))

	stopped := time.Now()
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	second.await(leaseWithin, "the leader", func() (string, bool) { return second.leads() })
	mark = b.accounts.mark()
	door.start()
	up := b.await(mark, settleWithin, "desk", v1alpha1.IndicatorUp)
	outage := b.onlyOutage(b.whole(up))
	if !outage.StartAt.Time.Equal(since) {
		t.Errorf("the outage began at %s, not at %s", since, outage.StartAt)
	}
	if outage.UnobservedSeconds > 0 {
		t.Errorf("%d s are unobserved, but the second operator saw all of it", outage.UnobservedSeconds)
	}
	b.awaitRecorded(time.Now())

	writes := b.writes("availabilityrecords").total() + b.writes("applications").total()
	mark = b.accounts.mark()
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	t.Logf("the leader was stopped for %.0f s", time.Since(stopped).Seconds())
	b.accounts.quiet(mark, quietTime/2, "")
	if again := b.writes("availabilityrecords").total() + b.writes("applications").total(); again != writes {
		t.Errorf("%d writes were sent after it went on", again-writes)
	}
	if said, leads := first.leads(); leads {
		t.Errorf("two operators lead: %s", said)
	}
	first.end()
	second.end()
}

// leads says whether the operator leads.
func (o *operator) leads() (string, bool) {
	n := o.sum("kdz_leader")
	return fmt.Sprintf("kdz_leader is %v", n), n == 1
}

// TestS5Restored: etcd is restored to a moment within an outage. What was
// recorded until then counts, and what was after it nobody knows.
func TestS5Restored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	live, saved := filepath.Join(dir, "live"), filepath.Join(dir, "saved")
	b := openBooks(t, controlplane.Options{Dir: live})
	door := startTCP(t, doorAddress(t), greet)
	o := b.lead()
	b.book("desk", door.address)
	b.await(0, settleWithin, "desk", v1alpha1.IndicatorUp)
	mark := b.accounts.mark()
	door.stop()
	down := b.await(mark, confirmedWithin, "desk", v1alpha1.IndicatorDown)
	since := down.Current.OpenOutage.StartAt.Time
	b.awaitRecorded(since.Add(bookInterval))
	o.kill()
	recorded := b.recorded()

	b.restart(controlplane.Options{Dir: live}, func() {
		if err := os.CopyFS(saved, os.DirFS(live)); err != nil {
			t.Fatal(err)
		}
	})
	o = b.lead()
	mark = b.accounts.mark()
	door.start()
	b.await(mark, settleWithin, "desk", v1alpha1.IndicatorUp)
	b.awaitRecorded(time.Now())
	o.kill()

	b.restart(controlplane.Options{Dir: saved}, func() {})
	if restored := b.recorded(); !restored.Equal(recorded) {
		t.Fatalf("the heartbeat of what was restored says %s, not %s", restored, recorded)
	}
	o = b.lead()
	gap := b.awaitGap(recorded)
	up := b.await(0, settleWithin, "desk", v1alpha1.IndicatorUp)
	outage := b.onlyOutage(b.whole(up))
	if charged := recorded.Unix() - since.Unix(); outage.ChargedSeconds != charged {
		t.Errorf("%d s are charged, want the %d s that were recorded", outage.ChargedSeconds, charged)
	}
	t.Logf("down since %s, restored to %s, seen again at %s: %d s charged, %d s unobserved", since.Format(time.TimeOnly),
		recorded.Format(time.TimeOnly), gap.To.Format(time.TimeOnly), outage.ChargedSeconds, up.Current.Accumulators.Unobserved)
	o.end()
}
