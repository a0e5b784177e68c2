// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// backupsOf returns as many Backups of the schedule as a watcher keeps them,
// each read from a document of its own.
func backupsOf(t testing.TB, n int) []*cluster.Object {
	s := newStore(t, veleroBackup(19, "Completed", ", includedResources: ["+strings.Repeat("pods, ", 100)+"pods]"))
	all := make([]*cluster.Object, n)
	for i := range all {
		u := s.objects[0].DeepCopy()
		u.Object["status"].(map[string]any)["startTimestamp"] = now.Add(-time.Duration(i) * time.Hour).Format(time.RFC3339)
		all[i] = &cluster.Object{Namespace: "velero", Name: fmt.Sprintf("nightly-%014d", i), Created: now, Facts: veleroBackups.Extract(u)}
	}
	return all
}

// many answers the query for Backups with as many as there are.
type many struct {
	*store
	backups []*cluster.Object
}

// Objects implements Objects.
func (m *many) Objects(q cluster.Query) ([]*cluster.Object, *cluster.Problem) {
	if q.Kind == veleroBackups {
		return m.backups, nil
	}
	return m.store.Objects(q)
}

// TestTenThousandBackups: what is kept of each is less than 1 KiB.
func TestTenThousandBackups(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all := backupsOf(t, 10000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / int64(len(all))
	t.Logf("%d bytes each", each)
	if each > 1024 {
		t.Errorf("%d bytes are kept of each", each)
	}
	runtime.KeepAlive(all)
}

func BenchmarkReadTenThousandBackups(b *testing.B) {
	m := &many{newStore(b, schedule), backupsOf(b, 10000)}
	look := &Look{Namespace: "payroll", Sources: []v1alpha1.BackupSource{{Name: "a", Velero: &v1alpha1.ScheduleSource{ScheduleName: "nightly"}}}, Policy: veleroPolicy, Objects: m, Now: now}
	b.ReportAllocs()
	for b.Loop() {
		if e := Read(look); e[0].SuccessName != "nightly-00000000000000" {
			b.Fatalf("%+v", e)
		}
	}
}
