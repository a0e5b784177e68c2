// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/internal/heartbeat"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
)

// The first operator of a cluster knows no gap, and records nothing before it
// has looked at everything.
func TestFirstStart(t *testing.T) {
	p := newProcess(t, newCluster(), "first", at(0))
	p.lead(false)
	p.see(at(5))
	if len(p.cluster.writes) > 0 || !p.Recorded().IsZero() {
		t.Errorf("before the sweep: %v", p.cluster.writes)
	}
	p.sweep(at(7))
	p.see(at(10))
	p.wantRecorded(at(10))
	p.wantGaps()
	if !p.Floor(web, "web").IsZero() {
		t.Error("what this process saw does not count")
	}
	h := p.cluster.beat(t)
	if h.Sequence != 1 || h.Identity != "first" {
		t.Errorf("heartbeat %+v", h)
	}
	p.see(at(15))
	p.see(at(15)) // nothing to say
	if h = p.cluster.beat(t); h.Sequence != 2 {
		t.Errorf("heartbeat %+v", h)
	}
}

// S2: the operator is killed after its heartbeat of 12:05:00, and the next one
// has looked at everything at 12:06:05. A streak of failures that had begun at
// 12:04:55 goes on. There is one gap of 65 s, stored before the heartbeat.
func TestS2GapOfARestart(t *testing.T) {
	c := newCluster()
	streak := observe.Pending{Subscriber: web, Check: "web", FirstFailure: at(295), Count: 2}
	old := newProcess(t, c, "old", at(0))
	old.lead(false)
	old.sweep(at(1))
	old.see(at(300), streak)

	p := newProcess(t, c, "new", at(340))
	p.lead(false)
	p.wantGaps(availability.Gap{From: at(300)})
	if got := p.observer.resumed; !slices.Equal(got, []observe.Pending{streak}) {
		t.Errorf("resumed %v", got)
	}
	if got := p.Floor(web, "web"); !got.Equal(at(295)) {
		t.Errorf("the streak counts from %s", got)
	}
	if got := p.Floor(web, "other"); !got.Equal(at(300)) {
		t.Errorf("what this process saw counts from %s", got)
	}
	if got := p.observer.settled; got.After(at(295)) {
		t.Errorf("settled before %s, although a failure of before is recorded by nobody", got)
	}
	p.see(at(345))
	p.wantRecorded(at(300))
	p.sweep(at(365))
	before, changed := len(c.writes), p.changed
	p.see(at(366))
	if got := c.writes[before:]; !slices.Equal(got, []string{heartbeat.GapsName, heartbeat.Name}) {
		t.Errorf("written: %v", got)
	}
	p.wantRecorded(at(366))
	p.wantGaps(availability.Gap{From: at(300), To: at(365)})
	if p.changed == changed {
		t.Error("nobody was told of the gap")
	}
	if got := c.gaps(t); len(got) != 1 || got[0].Reason != ReasonNobodyObserved || got[0].Whole {
		t.Errorf("stored: %+v", got)
	}
}

// A replica that had looked at everything before takes over without a gap, and
// forgets what the leader recorded.
func TestWarmReplicaHasNoGap(t *testing.T) {
	c := newCluster()
	old := newProcess(t, c, "old", at(0))
	old.lead(false)
	old.sweep(at(1))
	old.see(at(100))
	p := newProcess(t, c, "new", at(50))
	p.sweep(at(60))
	p.Gap(observe.Gap{From: at(70), To: at(80), Reason: observe.GapBlind})
	p.Gap(observe.Gap{From: at(95), To: at(104), Reason: observe.GapBlind})
	p.see(at(102))
	if !p.observer.settled.Equal(at(100)) || !p.Recorded().Equal(at(100)) {
		t.Errorf("follows with settled %s, recorded %s", p.observer.settled, p.Recorded())
	}
	if len(c.writes) != 1 {
		t.Errorf("written: %v", c.writes)
	}
	p.clock.SetTime(at(110))
	p.lead(false)
	// Until 100 the leader saw.
	p.wantGaps(availability.Gap{From: at(100), To: at(104)})
	p.see(at(115))
	p.wantRecorded(at(115))
	p.wantGaps(availability.Gap{From: at(100), To: at(104)})
}

// The API server is away for 90 s: nothing is forgotten, and what is recorded
// goes on where it ended.
func TestS3NothingIsForgottenWhileTheAPIServerIsAway(t *testing.T) {
	c := newCluster()
	p := newProcess(t, c, "a", at(0))
	p.lead(false)
	p.sweep(at(1))
	p.see(at(10))
	c.down = true
	for s := 15.; s < 100; s += 5 {
		p.leads = s < 25
		p.see(at(s))
	}
	if told := strings.Count(strings.Join(p.said, "\n"), "connection refused"); told != 2 {
		t.Errorf("what lasts was told %d times:\n%s", told, strings.Join(p.said, "\n"))
	}
	c.down = false
	p.lead(true)
	p.see(at(105))
	p.wantRecorded(at(105))
	p.wantGaps()
	if !p.observer.settled.IsZero() || !p.Floor(web, "web").IsZero() {
		t.Errorf("forgotten before %s", p.observer.settled)
	}
}

// A heartbeat that arrived although its answer got lost is ours.
func TestLostAnswer(t *testing.T) {
	c := newCluster()
	p := newProcess(t, c, "a", at(0))
	p.lead(false)
	p.sweep(at(1))
	p.see(at(10))
	p.see(at(12))
	c.lost = true
	p.see(at(15))
	c.lost = false
	p.see(at(20)) // conflicts, and finds out
	p.wantRecorded(at(15))
	p.see(at(25))
	p.wantRecorded(at(25))
	p.wantGaps()

	// Its labels are not history.
	o := c.stored[heartbeat.Name]
	o.ResourceVersion = "by hand"
	c.stored[heartbeat.Name] = o
	p.see(at(30))
	p.see(at(35))
	p.wantRecorded(at(35))
	p.wantGaps()
}

// S5: etcd is restored from a backup of 06:00 at 12:01: what lies between counts
// as unobserved for all, whatever this process saw.
func TestS5RestoreUnderTheLeader(t *testing.T) {
	c := newCluster()
	p := newProcess(t, c, "a", at(0))
	p.lead(false)
	p.sweep(at(1))
	p.see(at(10))
	backup := c.snapshot()
	p.see(at(1000))
	p.Gap(observe.Gap{From: at(1001), To: at(1002), Reason: observe.GapBlind})
	p.see(at(21660))
	c.restore(backup)
	p.see(at(21670))
	p.wantGaps(availability.Gap{From: at(10), To: at(21670), Whole: true}, availability.Gap{From: at(1001), To: at(1002)})
	if got := p.Floor(web, "web"); !got.Equal(at(21670)) || !p.observer.settled.Equal(got) {
		t.Errorf("counts from %s, settled before %s", got, p.observer.settled)
	}
	p.see(at(21675))
	p.wantRecorded(at(21675))
	if got := c.beat(t).Sequence; got != 4 {
		t.Errorf("goes on with %d", got)
	}
	p.see(at(21680))
	if n := len(c.gaps(t)); n != 2 {
		t.Errorf("%d gaps are stored", n)
	}
}

// The same when the leader did not live to see it: one that followed does.
func TestS5RestoreSeenByAnother(t *testing.T) {
	c := newCluster()
	old := newProcess(t, c, "old", at(0))
	old.lead(false)
	old.sweep(at(1))
	old.see(at(10))
	p := newProcess(t, c, "new", at(10))
	p.sweep(at(11))
	backup := c.snapshot()
	old.see(at(1000))
	p.see(at(1000))
	c.restore(backup)
	p.see(at(1005))
	p.lead(false)
	p.wantGaps(availability.Gap{From: at(10), To: at(1005), Whole: true})
	p.see(at(1010))
	p.wantRecorded(at(1010))

	// And a leader that knew nothing of it goes on, which one who follows
	// accepts.
	c.restore(backup)
	fresh := newProcess(t, c, "fresh", at(1015))
	fresh.lead(false)
	fresh.sweep(at(1020))
	p.leads = false
	p.see(at(1020))
	fresh.see(at(1021))
	p.see(at(1025))
	if got := p.last.Identity; got != "fresh" {
		t.Errorf("follows %s", got)
	}
}

// The heartbeat is deleted, or replaced by an older one, under the leader: one
// gap, and it goes on.
func TestHeartbeatTakenAway(t *testing.T) {
	for name, take := range map[string]func(*cluster, corev1.ConfigMap){
		"deleted": func(c *cluster, _ corev1.ConfigMap) { delete(c.stored, heartbeat.Name) },
		"broken": func(c *cluster, older corev1.ConfigMap) {
			older.Data = map[string]string{"heartbeat.json": "{"}
			c.stored[heartbeat.Name] = older
		},
		"replaced": func(c *cluster, older corev1.ConfigMap) { c.stored[heartbeat.Name] = older },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster()
			p := newProcess(t, c, "a", at(0))
			p.lead(false)
			p.sweep(at(1))
			p.see(at(10))
			older := c.snapshot()[heartbeat.Name]
			p.see(at(20))
			take(c, older)
			p.see(at(25))
			from := at(20)
			if name == "replaced" {
				from = at(10)
			}
			p.wantGaps(availability.Gap{From: from, To: at(25), Whole: true})
			if got := c.gaps(t); len(got) != 1 || got[0].Reason != ReasonHistoryRewound {
				t.Errorf("stored: %+v", got)
			}
			p.see(at(30))
			p.wantRecorded(at(30))
		})
	}
}

// The heartbeat is gone when nobody runs. What the gaps object remembers bounds
// what is not known.
func TestHeartbeatLostMeanwhile(t *testing.T) {
	c := newCluster()
	old := newProcess(t, c, "old", at(0))
	old.lead(false)
	old.sweep(at(1))
	for s := 10.; s <= 8000; s += 10 {
		old.see(at(s))
	}
	delete(c.stored, heartbeat.Name)
	p := newProcess(t, c, "new", at(8100))
	p.lead(false)
	p.sweep(at(8150))
	p.see(at(8160))
	if got := c.gaps(t); len(got) != 1 || got[0].Reason != ReasonHeartbeatLost ||
		got[0].From.Before(at(8000-3700)) || got[0].From.After(at(8000)) || !got[0].To.Equal(at(8150)) {
		t.Errorf("stored: %+v", got)
	}
	p.wantRecorded(at(8160))
}

// A newer leader wrote: we do not lead, and write nothing.
func TestNewerLeaderIsLeftAlone(t *testing.T) {
	c := newCluster()
	a := newProcess(t, c, "a", at(0))
	a.lead(false)
	a.sweep(at(1))
	a.see(at(10))
	b := newProcess(t, c, "b", at(10))
	b.sweep(at(5))
	b.lead(false)
	b.see(at(15))
	before := len(c.writes)
	a.see(at(20))
	if len(c.writes) != before || len(a.Gaps()) != 0 || !a.observer.settled.IsZero() {
		t.Errorf("written: %v, gaps %v", c.writes[before:], a.Gaps())
	}
}

// While it is blind, nothing from then on is recorded; in the end there is one
// gap, stored before that.
func TestBlindness(t *testing.T) {
	c := newCluster()
	p := newProcess(t, c, "a", at(0))
	p.lead(false)
	p.sweep(at(1))
	p.see(at(10))
	p.Gap(observe.Gap{From: at(12), Reason: observe.GapBlind})
	p.wantGaps(availability.Gap{From: at(12)})
	p.see(at(15))
	p.wantRecorded(at(12))
	p.see(at(20))
	p.wantRecorded(at(12))
	p.Gap(observe.Gap{From: at(12), To: at(22), Reason: observe.GapBlind})
	p.Gap(observe.Gap{From: at(23), To: at(24), Reason: observe.GapClockStepped})
	p.see(at(25))
	p.wantRecorded(at(25))
	p.wantGaps(availability.Gap{From: at(12), To: at(22)}, availability.Gap{From: at(23), To: at(24)})
	if p.changed < 3 {
		t.Errorf("told %d times", p.changed)
	}
	p.Gap(observe.Gap{From: at(26), To: at(27), Reason: observe.GapBlind})
	c.down = true
	p.see(at(30))
	c.down = false
	p.wantRecorded(at(25))
}

// A gaps object that cannot be read counts as lost, and is told.
func TestBrokenGaps(t *testing.T) {
	c := newCluster()
	p := newProcess(t, c, "a", at(0))
	c.stored[heartbeat.GapsName] = corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "7"}, Data: map[string]string{"gaps.json": `{"version":1,"gaps":[{"from":"2026-11-02T12:00:00Z","to":"2026-11-02T11:00:00Z"}]}`}}
	p.lead(false)
	if said := strings.Join(p.said, "\n"); !strings.Contains(said, "must end after it began") || !strings.Contains(said, heartbeat.GapsName) {
		t.Errorf("said %s", said)
	}
	p.sweep(at(1))
	p.Gap(observe.Gap{From: at(2), To: at(3), Reason: observe.GapBlind})
	p.see(at(5))
	if got := c.gaps(t); len(got) != 1 || !got[0].From.Equal(at(2)) {
		t.Errorf("stored gaps are %v", got)
	}
}

// An older operator reads what a later one wrote.
func TestLaterVersionIsRead(t *testing.T) {
	c := newCluster()
	c.stored[heartbeat.Name] = corev1.ConfigMap{Data: map[string]string{"heartbeat.json": `{"version":2,"recorded":"2026-11-02T12:00:10Z","sequence":7,"identity":"x","more":true}`}}
	p := newProcess(t, c, "a", at(20))
	p.lead(false)
	p.wantGaps(availability.Gap{From: at(10)})
	if !p.Now().Equal(at(20)) {
		t.Errorf("now is %s", p.Now())
	}
	p.clock.SetTime(at(5))
	if !p.Now().Equal(at(10)) {
		t.Errorf("now is %s, before what was recorded", p.Now())
	}
}

// It writes every 5 s, on its own.
func TestWritesEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster()
		p := newProcess(t, c, "a", time.Now())
		p.o.Clock = clock.RealClock{}
		p.sweep(time.Now())
		p.lead(false)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Start(ctx) }()
		for range 60 {
			p.observer.mu.Lock()
			p.observer.watermark.At = time.Now()
			p.observer.mu.Unlock()
			<-time.After(time.Second)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := c.beat(t).Sequence; n < 11 || n > 13 {
			t.Errorf("%d heartbeats in a minute", n)
		}
	})
}
