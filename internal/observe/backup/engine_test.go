// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// everySource is one source of each system.
func everySource() []v1alpha1.BackupSource {
	return []v1alpha1.BackupSource{
		{Name: "a", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "x", RestoreTestLeaseName: "y"}},
		{Name: "b", Prometheus: &v1alpha1.PrometheusSource{Query: "x", RestoreTestQuery: "y"}},
		{Name: "c", Velero: &v1alpha1.ScheduleSource{ScheduleName: "x"}},
		{Name: "d", VolumeSnapshot: &v1alpha1.SnapshotSource{}},
		{Name: "e", CloudNativePG: &v1alpha1.ClusterSource{ClusterName: "x"}},
		{Name: "f", K8up: &v1alpha1.ScheduleSource{ScheduleName: "x"}},
		{Name: "g", CronJob: &v1alpha1.CronJobSource{Name: "x", RestoreTestName: "y"}},
	}
}

// TestEverySystemIsInTheTable: each member of a source has an entry, and all
// that is asked for is among Kinds.
func TestEverySystemIsInTheTable(t *testing.T) {
	sources := everySource()
	if members := reflect.TypeFor[v1alpha1.BackupSource]().NumField() - 1; members != len(sources) {
		t.Errorf("a source has %d members, %d of them are known", members, len(sources))
	}
	known := map[*cluster.Kind]bool{}
	for _, k := range Kinds() {
		known[k] = false
	}
	for _, q := range Queries("payroll", sources, veleroPolicy) {
		if _, ok := known[q.Kind]; !ok {
			t.Errorf("%v is not among the kinds", q.Kind)
		}
		known[q.Kind] = true
		if want := "payroll"; q.Namespace != want && (q.Kind.Group != groupVelero || q.Namespace != "velero") {
			t.Errorf("%v is looked for in namespace %q", q.Kind, q.Namespace)
		}
	}
	for k, asked := range known {
		if !asked {
			t.Errorf("%v is never asked for", k)
		}
	}
}

// TestAskedOnce: what several sources need is asked for once.
func TestAskedOnce(t *testing.T) {
	one := Queries("payroll", []v1alpha1.BackupSource{{Name: "a", Velero: &v1alpha1.ScheduleSource{ScheduleName: "x"}}}, veleroPolicy)
	two := Queries("payroll", []v1alpha1.BackupSource{
		{Name: "a", Velero: &v1alpha1.ScheduleSource{ScheduleName: "x"}},
		{Name: "b", Velero: &v1alpha1.ScheduleSource{ScheduleName: "y"}},
		{Name: "c", Velero: &v1alpha1.ScheduleSource{ScheduleName: "x"}},
	}, veleroPolicy)
	if len(one) != 4 || len(two) != 6 {
		t.Errorf("%d and %d queries", len(one), len(two))
	}
}

// TestNothingIsKnown: whatever is missing, there is a reason for it, and no
// evidence.
func TestNothingIsKnown(t *testing.T) {
	s := newStore(t, "")
	for _, k := range Kinds() {
		s.problems[k.Kind] = &cluster.Problem{Reason: v1alpha1.ReasonNotInstalled, Message: k.Kind + " is not installed."}
	}
	sources := append(everySource(), v1alpha1.BackupSource{Name: "h"})
	got := Read(&Look{
		Namespace: "payroll", Sources: sources, Objects: s, Now: now, Asker: asker{},
		Policy:      &v1alpha1.ObservationPolicy{VeleroNamespace: "velero", PrometheusServers: []v1alpha1.PrometheusServer{{Name: "p", URL: "http://p"}}},
		Observation: func(string) observe.Observation { return observe.Observation{} },
	})
	for i, e := range got {
		if e.Source != string(sources[i].Name) || e.Reason == "" || e.Message == "" || strings.HasSuffix(e.Message, ".") || !e.SuccessAt.IsZero() || e.Fault != "" {
			t.Errorf("%+v", e)
		}
	}
}

func TestPrometheus(t *testing.T) {
	policy := &v1alpha1.ObservationPolicy{PrometheusServers: []v1alpha1.PrometheusServer{{Name: "p", URL: "http://p"}, {Name: "q", URL: "http://q"}, {Name: "r", URL: "http://u@r"}}}
	told := func(when string) observe.Observation {
		return observe.Observation{State: observe.StateUp, Facts: at(when)}
	}
	unknown := observe.Observation{State: observe.StateUnknown, Reason: "NoSample", Message: "The query returns no sample.", Facts: at("2026-11-20T01:00:00Z")}
	base := nothing("Prometheus query")
	succeeded := success("2026-11-20T01:00:00Z", "")
	query := func(server v1alpha1.ItemName, test string) *v1alpha1.PrometheusSource {
		return &v1alpha1.PrometheusSource{Query: "newest", RestoreTestQuery: test, Server: server}
	}
	tests := map[string]struct {
		policy       *v1alpha1.ObservationPolicy
		source       *v1alpha1.PrometheusSource
		observations map[string]observe.Observation
		want         Evidence
	}{
		"told":           {policy, query("", ""), map[string]observe.Observation{"backup:source": told("2026-11-20T01:00:00Z")}, changed(base, succeeded)},
		"told of a test": {policy, query("q", "tested"), map[string]observe.Observation{"backup:source": told("2026-11-20T01:00:00Z"), "restore-test:source": told("2026-11-01T01:00:00Z")}, changed(base, succeeded, tested("2026-11-01T01:00:00Z", -1))},
		"ahead":          {policy, query("", ""), map[string]observe.Observation{"backup:source": told("2026-11-20T11:05:01Z")}, changed(base, func(e *Evidence) { e.AheadAt = at("2026-11-20T11:05:01Z") })},
		"no answer yet":  {policy, query("", ""), nil, changed(base, doubted("AwaitingFirstResult", "the query was not answered yet"))},
		"pending":        {policy, query("", ""), map[string]observe.Observation{"backup:source": {State: observe.StatePending}}, changed(base, doubted("AwaitingFirstResult", "the query was not answered yet"))},
		"unknown":        {policy, query("", ""), map[string]observe.Observation{"backup:source": unknown}, changed(base, doubted("NoSample", "The query returns no sample"))},
		"the test is unknown": {
			policy, query("", "tested"),
			map[string]observe.Observation{"backup:source": told("2026-11-20T01:00:00Z"), "restore-test:source": unknown},
			changed(base, succeeded, func(e *Evidence) {
				e.RestoreTestReason, e.RestoreTestMessage = "NoSample", "The query returns no sample"
			}),
		},
		"no server":           {nil, query("", ""), nil, changed(base, doubted("ReferenceNotFound", "spec.observation.prometheusServers of GovernancePolicy "+v1alpha1.PolicyName+" lists no server"))},
		"another server":      {policy, query("s", ""), nil, changed(base, doubted("ReferenceNotFound", `server "s" is not in spec.observation.prometheusServers of GovernancePolicy `+v1alpha1.PolicyName))},
		"an unusable address": {policy, query("r", ""), nil, changed(base, doubted("InvalidSpec", `server "r": must not hold a user or password`))},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			sources := []v1alpha1.BackupSource{{Name: "source", Prometheus: tc.source}}
			got := Read(&Look{Sources: sources, Policy: tc.policy, Asker: asker{}, Now: now, Observation: func(name string) observe.Observation { return tc.observations[name] }})
			if diff := cmp.Diff(tc.want, got[0]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestChecks: each query is a check; the moment that it is told is shown.
func TestChecks(t *testing.T) {
	policy := &v1alpha1.ObservationPolicy{PrometheusServers: []v1alpha1.PrometheusServer{{Name: "p", URL: "http://p"}, {Name: "q", URL: "http://q"}}}
	sources := []v1alpha1.BackupSource{
		{Name: "a", Prometheus: &v1alpha1.PrometheusSource{Query: "x", RestoreTestQuery: "y"}},
		{Name: "b", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "x"}},
		{Name: "c", Prometheus: &v1alpha1.PrometheusSource{Query: "z", Server: "q"}},
		{Name: "d", Prometheus: &v1alpha1.PrometheusSource{Query: "z", Server: "r"}},
	}
	var asked []string
	for _, c := range Checks(sources, policy, asker{}) {
		question := "nothing"
		if p, ok := c.Probe.(*probe); ok {
			question = p.question
		}
		asked = append(asked, c.Name+" asks "+question)
		r := c.Read(observe.Result{Outcome: observe.OutcomeSuccess, Facts: now})
		if r.Outcome != observe.OutcomeSuccess || r.Facts != now || c.FailureThreshold != 1 || c.Interval != 5*time.Minute {
			t.Errorf("%+v reads %+v", c, r)
		}
	}
	want := []string{"backup:a asks http://p x", "restore-test:a asks http://p y", "backup:c asks http://q z", "backup:d asks nothing"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNextRun: what a schedule may be; nothing of it is fatal.
func TestNextRun(t *testing.T) {
	for schedule, want := range map[string]string{
		"0 1 * * *":                       "2026-11-21T01:00:00Z",
		"@daily":                          "2026-11-21T00:00:00Z",
		"@every 6h":                       "2026-11-20T17:00:00Z",
		"CRON_TZ=Europe/Berlin 0 1 * * *": "2026-11-21T00:00:00Z",
		"TZ=Europe/Berlin 0 1 * * *":      "2026-11-21T00:00:00Z",
		"":                                "", "TZ=Europe/Berlin": "", "CRON_TZ=": "", "@daily-random": "", "0 0 30 2 *": "", "* * * * * *": "", "TZ= 0 1 * * *": "2026-11-21T01:00:00Z",
	} {
		got := nextRun(schedule, now)
		if want == "" && !got.IsZero() || want != "" && !got.Equal(at(want)) {
			t.Errorf("%q runs at %v, want %s", schedule, got, want)
		}
	}
}

// TestWhatIsKeptIsSmall: of ten thousand backups of one schedule.
func TestWhatIsKeptIsSmall(t *testing.T) {
	many := strings.Repeat("a-namespace-of-many, ", 200)
	read := func(name string) veleroBackupFacts {
		s := newStore(t, strings.Replace(veleroBackup(19, "Completed", ""), "payroll", many+name, 1))
		return veleroBackups.Extract(s.objects[0]).(veleroBackupFacts)
	}
	a, b, other := read("payroll"), read("payroll"), read("portal")
	if a.covers != b.covers || a.covers == other.covers || !reflect.DeepEqual(a, b) || reflect.DeepEqual(a, other) {
		t.Error("the namespaces of one schedule are not kept once")
	}
	if size := int(reflect.TypeFor[veleroBackupFacts]().Size()) + len(a.phase) + len(a.location); size > 256 {
		t.Errorf("%d bytes are kept of a backup", size)
	}
	if long := kept(strings.Repeat("x", 1<<20)); len(long) > maxText {
		t.Errorf("%d bytes are kept of a text", len(long))
	}
}
