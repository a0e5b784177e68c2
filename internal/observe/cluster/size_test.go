// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// backupFacts are about as much as anybody wants to know of a backup.
type backupFacts struct {
	phase, schedule, location   string
	started, completed, expires time.Time
}

func timeOf(u *unstructured.Unstructured, field string) time.Time {
	s, _, _ := unstructured.NestedString(u.Object, "status", field)
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

func wholeBackups() *Kind {
	return &Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: "velero.io", Version: "v1", Kind: "Backup"},
		Extract: func(u *unstructured.Unstructured) any {
			phase, _, _ := unstructured.NestedString(u.Object, "status", "phase")
			location, _, _ := unstructured.NestedString(u.Object, "spec", "storageLocation")
			return backupFacts{
				phase, u.GetLabels()["velero.io/schedule-name"], location,
				timeOf(u, "startTimestamp"), timeOf(u, "completionTimestamp"), timeOf(u, "expiration"),
			}
		},
	}
}

// backupOf is a backup as the API server sends it, of one of 100 schedules.
func backupOf(tb testing.TB, n int) *unstructured.Unstructured {
	tb.Helper()
	schedule := fmt.Sprintf("civento-%02d-daily", n%100)
	var hooks []string
	for i := range 20 {
		hooks = append(hooks, fmt.Sprintf(`"f:field-%d":{".":{},"f:inner":{}}`, i))
	}
	text := fmt.Sprintf(`{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"%[1]s-%014[2]d","namespace":"velero","uid":"%08[2]x-0000-4000-8000-000000000000",
"resourceVersion":"%[2]d","generation":6,"creationTimestamp":"2026-03-02T01:00:00Z",
"labels":{"velero.io/schedule-name":"%[1]s","velero.io/storage-location":"default","app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/instance":"velero"},
"annotations":{"velero.io/resource-timeout":"10m0s","velero.io/source-cluster-k8s-gitversion":"v1.37.2","velero.io/source-cluster-k8s-major-version":"1"},
"managedFields":[{"manager":"velero-server","operation":"Update","apiVersion":"velero.io/v1","time":"2026-03-02T01:03:00Z","fieldsType":"FieldsV1","fieldsV1":{%[3]s}}]},
"spec":{"csiSnapshotTimeout":"10m0s","defaultVolumesToFsBackup":true,"hooks":{},"includedNamespaces":["civento-%[2]d"],"itemOperationTimeout":"4h0m0s","metadata":{},"snapshotMoveData":false,"storageLocation":"default","ttl":"720h0m0s"},
"status":{"completionTimestamp":"2026-03-02T01:03:00Z","expiration":"2026-04-01T01:00:00Z","formatVersion":"1.1.0","hookStatus":{},"phase":"Completed","progress":{"itemsBackedUp":312,"totalItems":312},"startTimestamp":"2026-03-02T01:00:00Z","version":1}}`,
		schedule, n, strings.Join(hooks, ","))
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &u.Object); err != nil {
		tb.Fatal(err)
	}
	return u
}

// heap is how much is in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// bytesPerBackup is how much each of many backups takes that are kept.
func bytesPerBackup(tb testing.TB, n int) float64 {
	tb.Helper()
	w := New(Options{})
	before := heap()
	f := &feed{watcher: w, feedKey: feedKey{wholeBackups(), "velero"}, objects: map[string]*Object{}}
	l := &follower{feed: f}
	f.follower = l
	items := make([]any, n)
	for i := range items {
		items[i] = l.keep(backupOf(tb, i))
	}
	if err := l.Replace(items, ""); err != nil {
		tb.Fatal(err)
	}
	size := float64(heap()-before) / float64(n)
	if len(f.objects) != n {
		tb.Fatalf("%d objects are kept, want %d", len(f.objects), n)
	}
	return size
}

func TestABackupTakesNoMoreThanOneKiB(t *testing.T) {
	if size := bytesPerBackup(t, 10_000); size > 1024 {
		t.Errorf("a backup takes %.0f B", size)
	}
}

func BenchmarkBackup(b *testing.B) {
	var size float64
	for b.Loop() {
		size = bytesPerBackup(b, 10_000)
	}
	b.ReportMetric(size, "B/object")
}

func TestLabelsAreSharedAndBounded(t *testing.T) {
	var i interner
	many := map[string]string{}
	for n := range 2 * MaxLabels {
		many[fmt.Sprintf("key-%04d", n)] = "v"
	}
	if got := i.labels(many, nil); len(got) != MaxLabels || got["key-0000"] != "v" {
		t.Errorf("%d labels are kept, want the first %d", len(got), MaxLabels)
	}
	if got := i.labels(many, []string{"key-0100", "absent"}); len(got) != 1 || got["key-0100"] != "v" {
		t.Errorf("kept %v, want key-0100 alone", got)
	}
	if got := i.labels(many, []string{"absent"}); got != nil {
		t.Errorf("kept %v, want nothing", got)
	}
	for n := range 3 * maxInterned {
		i.labels(map[string]string{"run": fmt.Sprint(n)}, nil)
	}
	if len(i.sets) > maxInterned || len(i.texts) > maxInterned {
		t.Errorf("%d sets and %d texts are remembered, want no more than %d", len(i.sets), len(i.texts), maxInterned)
	}
}
