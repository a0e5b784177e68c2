// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	cached "k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/observe/backup"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

const (
	// backupCount is how many Backups there are, of backupSchedules schedules.
	backupCount, shortBackupCount = 10_000, 2_000
	backupSchedules               = 100
	// veleroNamespace has them.
	veleroNamespace = "velero"
	// backupsWithin bounds how long they may take to be listed.
	backupsWithin = time.Minute
)

var backupsRow = row{
	name: "backups",
	about: fmt.Sprintf(`Memory of a Velero Backup that is watched: live heap after garbage collection once %d of them, of %d
schedules are known to the operator's watcher, without that of the same process before it watches
them, divided by their number. They are read from an API server.`, backupCount, backupSchedules),
	measure: measureBackups,
}

func measureBackups(ctx context.Context, b *bench) (lines []line, err error) {
	count := backupCount
	if b.short {
		count = shortBackupCount
	}
	p, err := b.startOpenPlane(ctx, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err := p.createBackups(ctx, count); err != nil {
		return nil, fmt.Errorf("create backups: %w", err)
	}
	b.say("  %d Backups created", count)
	// The operator may read Velero only where a namespace lets it.
	admin := filepath.Join(b.dir, "admin.kubeconfig")
	if err := controlplane.WriteKubeconfig(p.Config, admin); err != nil {
		return nil, err
	}
	c, err := begin(ctx, "backups", watching{Kubeconfig: admin, Count: count})
	if err != nil {
		return nil, err
	}
	before, err := c.window(0)
	if err != nil {
		return nil, err
	}
	after, err := c.window(backupsWithin)
	if err != nil {
		return nil, err
	}
	each := (after.Values[heapValue] - before.Values[heapValue]) / float64(count)
	listed := absolute("backups: until all are known", after.Wall.Seconds(), seconds, fmt.Sprintf("%d Backups", count), goal{})
	return []line{
		absolute("backups: memory of a watched Backup", each, size, fmt.Sprintf("%d Backups", count), atMost(1024)), listed,
	}, c.end()
}

// createBackups installs the definitions of Velero, and creates so many Backups.
func (p *plane) createBackups(ctx context.Context, count int) error {
	if err := controlplane.InstallCRDs(ctx, p.Config, filepath.Join("test", "backup", "testdata")); err != nil {
		return err
	}
	if err := p.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: veleroNamespace}}); err != nil {
		return err
	}
	config := rest.CopyConfig(p.Config)
	config.QPS = -1
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	backups := objects.Resource(schema.GroupVersionResource{Group: "velero.io", Version: "v1", Resource: "backups"}).Namespace(veleroNamespace)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for n := range count {
		group.Go(func() error {
			_, err := backups.Create(ctx, veleroBackup(n), metav1.CreateOptions{FieldManager: "velero-server"})
			return err
		})
	}
	return group.Wait()
}

// veleroBackup is a Backup that is complete, with those fields of Velero's that
// the definition in test/backup has:
// https://velero.io/docs/v1.16/api-types/backup/.
func veleroBackup(n int) *unstructured.Unstructured {
	schedule := fmt.Sprintf("procedure-%02d-daily", n%backupSchedules)
	began := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC).Add(time.Duration(n/backupSchedules) * 24 * time.Hour)
	at := func(d time.Duration) string { return began.Add(d).Format(time.RFC3339) }
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "velero.io/v1", "kind": "Backup",
		"metadata": map[string]any{
			"name": fmt.Sprintf("%s-%s", schedule, began.Format("20060102150405")), "namespace": veleroNamespace,
			"labels": map[string]any{
				"velero.io/schedule-name": schedule, "velero.io/storage-location": "default",
				"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "velero",
			},
			"annotations": map[string]any{
				"velero.io/resource-timeout": "10m0s", "velero.io/source-cluster-k8s-gitversion": "v1.37.2",
				"velero.io/source-cluster-k8s-major-version": "1", "velero.io/source-cluster-k8s-minor-version": "37",
			},
		},
		"spec": map[string]any{
			"includedNamespaces": []any{fmt.Sprintf("procedure-%02d", n%backupSchedules)}, "storageLocation": "default", "ttl": "720h0m0s",
		},
		"status": map[string]any{
			"phase": "Completed", "startTimestamp": at(0), "completionTimestamp": at(3 * time.Minute), "expiration": at(720 * time.Hour),
		},
	}}
}

// watching is what the worker "backups" is told.
type watching struct {
	// Kubeconfig is a file that says who it is.
	Kubeconfig string
	// Count of Backups that there are.
	Count int
}

// heapValue is the name of the value that tells how large the heap is, in bytes.
const heapValue = "heap"

// backupsWorker returns how large the heap is: in a window without length before
// the Backups are watched, in another once they are known.
func backupsWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[watching](args)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(task.Kubeconfig)
	if err != nil {
		return nil, err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	watcher := cluster.New(cluster.Options{Client: objects, Mapper: restmapper.NewDeferredDiscoveryRESTMapper(cached.NewMemCacheClient(found))})
	go func() {
		// Then nothing is known, which is noticed.
		_ = watcher.Start(ctx)
	}()
	// What is learned once of the API server is no matter of the Backups.
	if _, err := task.known(ctx, watcher, "none", 0, backupsWithin); err != nil {
		return nil, err
	}
	return func(ctx context.Context, length time.Duration) (*sample, error) {
		var took time.Duration
		if length > 0 {
			if took, err = task.known(ctx, watcher, veleroNamespace, task.Count, length); err != nil {
				return nil, err
			}
		}
		for range 3 {
			runtime.GC()
		}
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		runtime.KeepAlive(watcher)
		return &sample{Operations: 1, Wall: took, Values: map[string]float64{heapValue: float64(stats.HeapAlloc)}}, nil
	}, nil
}

// known has a schedule of each kind watched that there is of them in a
// namespace, and returns how long it took until so many Backups are known.
func (t *watching) known(ctx context.Context, watcher *cluster.Watcher, namespace string, count int, within time.Duration) (time.Duration, error) {
	policy := &v1alpha1.ObservationPolicy{VeleroNamespace: v1alpha1.NamespaceName(namespace)}
	queries := backup.Queries(namespace, []v1alpha1.BackupSource{
		{Name: "velero", Velero: &v1alpha1.ScheduleSource{ScheduleName: "procedure-00-daily"}},
	}, policy)
	watcher.Ensure(types.NamespacedName{Namespace: namespace, Name: "procedure"}, queries)
	began := time.Now()
	missing := ""
	err := eventually(ctx, 10*time.Millisecond, within, "known", func() (bool, error) {
		var seen int
		seen, missing = knownOf(watcher, queries)
		return missing == "" && seen == count, nil
	})
	if err != nil {
		err = fmt.Errorf("%w: %s", err, missing)
	}
	return time.Since(began), err
}

// knownOf returns how many objects are kept of the kinds that queries ask for,
// whichever they select, and why some are not known.
func knownOf(watcher *cluster.Watcher, queries []cluster.Query) (seen int, missing string) {
	for _, q := range queries {
		q.Selector = nil
		all, problem := watcher.Objects(q)
		if problem != nil {
			missing = problem.Message
		}
		seen += len(all)
	}
	return seen, missing
}
