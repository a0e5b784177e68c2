// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/heartbeat"
	"kdz.mainz.de/operator/internal/observe"
)

// sighted is an observer that has seen everything until now, and settled it.
type sighted struct {
	clock clock.PassiveClock
	began time.Time
	mu    sync.Mutex
	// distrusted is what it was told of the clocks.
	distrusted []string
}

func (s *sighted) Watermark() observe.Watermark { return observe.Watermark{At: s.clock.Now()} }
func (s *sighted) SettleBefore(time.Time)       {}
func (s *sighted) Resume([]observe.Pending)     {}
func (s *sighted) Swept() (time.Time, bool)     { return s.began, true }
func (s *sighted) Trust()                       {}

func (s *sighted) Distrust(m string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrusted = append(s.distrusted, m)
}

// startReplica starts what the replicas have in common, without controllers,
// until the returned function is called.
func startReplica(t *testing.T, namespace string) (*replicas, func()) {
	t.Helper()
	config := controlplanetest.Config(t)
	config.QPS = -1
	o := Options{
		Namespace: namespace, LeaderElection: true, Clock: clock.RealClock{},
		Registerer: prometheus.NewRegistry(), Skew: MeasureSkew(config),
	}
	observer := &sighted{clock: o.Clock, began: o.Clock.Now()}
	var r *replicas
	end := controllertest.Start(t, config, ctrl.Options{Cache: CacheOptions()}, func(_ context.Context, mgr ctrl.Manager) (err error) {
		r, err = addReplicas(mgr, o, observer, func() {})
		return err
	})
	stop := sync.OnceFunc(func() {
		end()
		observer.mu.Lock()
		defer observer.mu.Unlock()
		if len(observer.distrusted) > 0 {
			t.Errorf("on one machine clocks are said to part: %q", observer.distrusted)
		}
		if ahead, known := o.Skew.Ahead(); !known || ahead.Abs() > 2*time.Second {
			t.Errorf("the clock of the API server is %s ahead, known: %t", ahead, known)
		}
	})
	t.Cleanup(stop)
	return r, stop
}

// On a real API server: the leader writes the heartbeat and loses no second when
// it is handed on; a heartbeat that is deleted, or replaced by an older one, is
// one time that counts for nobody.
func TestReplicasKeepOneLedger(t *testing.T) {
	c, err := client.New(controlplanetest.Config(t), client.Options{Scheme: Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	namespace := "replicas-" + rand.String(6)
	if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		t.Fatal(err)
	}
	beat := func() (o corev1.ConfigMap, recorded time.Time, sequence int64) {
		err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: heartbeat.Name}, &o)
		if client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		}
		var h struct {
			Recorded time.Time
			Sequence int64
		}
		if err == nil {
			if err := json.Unmarshal([]byte(o.Data["heartbeat.json"]), &h); err != nil {
				t.Fatal(err)
			}
		}
		return o, h.Recorded, h.Sequence
	}
	reaches := func(n int64) func() bool {
		return func() bool { _, _, sequence := beat(); return sequence >= n }
	}

	first, stop := startReplica(t, namespace)
	controllertest.AwaitThat(t, "the first leads", first.lead.Leads)
	second, _ := startReplica(t, namespace)
	controllertest.AwaitThat(t, "a heartbeat", reaches(1))
	older, from, _ := beat()
	controllertest.AwaitThat(t, "the second follows", func() bool { return !second.ledger.Recorded().IsZero() })
	stop()
	controllertest.AwaitThat(t, "the second leads", second.lead.Leads)
	controllertest.AwaitThat(t, "the next heartbeat", reaches(2))
	if gaps := second.ledger.Gaps(); len(gaps) != 0 {
		t.Errorf("a replica that observed has gaps: %v", gaps)
	}

	// It is taken back to what it was.
	now, _, _ := beat()
	older.ResourceVersion = now.ResourceVersion
	if err := c.Update(t.Context(), &older); err != nil {
		t.Fatal(err)
	}
	controllertest.AwaitThat(t, "it goes on", reaches(3))
	gaps := second.ledger.Gaps()
	if len(gaps) != 1 || !gaps[0].Whole || !gaps[0].From.Equal(from) {
		t.Errorf("gaps: %v, want one from %s", gaps, from)
	}
	now, recorded, _ := beat()
	if err := c.Delete(t.Context(), &now); err != nil {
		t.Fatal(err)
	}
	controllertest.AwaitThat(t, "it goes on again", reaches(4))
	gaps = second.ledger.Gaps()
	if len(gaps) != 2 || !gaps[1].Whole || gaps[1].From.Before(recorded) {
		t.Errorf("gaps: %v, want another from %s", gaps, recorded)
	}
	var lease coordinationv1.Lease
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: leaseName}, &lease); err != nil {
		t.Error(err)
	}
}

// Outside of a cluster somebody has to say where the operator's objects are.
func TestOwnNamespace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "namespace")
	for _, test := range []struct{ given, lease, want, words string }{
		{"a", "b", "a", ""},
		{"", "b", "b", ""},
		{"", "", "", "-namespace must say it"},
	} {
		got, err := ownNamespace(test.given, file, test.lease)
		if got != test.want || (err == nil) != (test.words == "") || (err != nil && !strings.Contains(err.Error(), test.words)) {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
	if err := os.WriteFile(file, []byte("kdz-system\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ownNamespace("", file, "b"); got != "kdz-system" || err != nil {
		t.Errorf("in a pod: %q, %v", got, err)
	}
}
