// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// system is how the evidence of one system is found and read.
type system struct {
	// subject is what a source names, for people.
	subject func(*source) string
	// queries ask for what is read; nil if that is no object of the cluster. A
	// Problem says why the source cannot be used.
	queries func(*source) ([]cluster.Query, *cluster.Problem)
	// read notes what the answers show, which are in the order of the queries.
	read func(*reading, []answer)
}

// The systems. Nobody changes them.
var (
	heartbeatSystem  = system{func(s *source) string { return named("heartbeat Lease", s.Heartbeat.LeaseName) }, heartbeatQueries, readHeartbeat}
	prometheusSystem = system{func(*source) string { return "Prometheus query" }, nil, readPrometheus}
	veleroSystem     = system{func(s *source) string { return named("Velero schedule", s.Velero.ScheduleName) }, veleroQueries, readVelero}
	snapshotSystem   = system{snapshotSubject, snapshotQueries, readSnapshots}
	cnpgSystem       = system{func(s *source) string { return named("CloudNativePG cluster", s.CloudNativePG.ClusterName) }, cnpgQueries, readCNPG}
	k8upSystem       = system{func(s *source) string { return named("K8up schedule", s.K8up.ScheduleName) }, k8upQueries, readK8up}
	cronJobSystem    = system{func(s *source) string { return named("CronJob", s.CronJob.Name) }, cronJobQueries, readCronJob}
)

// systemOf returns the system of a source; nil if it names none.
func systemOf(s *v1alpha1.BackupSource) *system {
	switch {
	case s.Heartbeat != nil:
		return &heartbeatSystem
	case s.Prometheus != nil:
		return &prometheusSystem
	case s.Velero != nil:
		return &veleroSystem
	case s.VolumeSnapshot != nil:
		return &snapshotSystem
	case s.CloudNativePG != nil:
		return &cnpgSystem
	case s.K8up != nil:
		return &k8upSystem
	case s.CronJob != nil:
		return &cronJobSystem
	}
	return nil
}

func named(what, name string) string { return fmt.Sprintf("%s %q", what, shorten(name)) }

// own asks for an object of the Application's namespace by its name.
func (s *source) own(kind *cluster.Kind, name string) cluster.Query {
	return cluster.Query{Kind: kind, Namespace: s.namespace, Name: name}
}

// all asks for all objects of a kind in the Application's namespace.
func (s *source) all(kind *cluster.Kind) cluster.Query {
	return cluster.Query{Kind: kind, Namespace: s.namespace}
}

func heartbeatQueries(s *source) ([]cluster.Query, *cluster.Problem) {
	queries := []cluster.Query{s.own(leases, s.Heartbeat.LeaseName)}
	if name := s.Heartbeat.RestoreTestLeaseName; name != "" {
		queries = append(queries, s.own(leases, name))
	}
	return queries, nil
}

func readHeartbeat(r *reading, answers []answer) {
	if o := r.one(answers[0]); o != nil {
		beat, _ := o.Facts.(leaseFacts)
		if beat.flaw != "" && beat.renewed.IsZero() {
			r.doubt(v1alpha1.ReasonSourceUnreadable, beat.flaw)
		}
		r.succeededAt(beat.began(), beat.renewed, "")
	}
	if len(answers) < 2 || !r.knownRestoreTest(answers[1]) {
		return
	}
	if o := only(answers[1]); o != nil {
		beat, _ := o.Facts.(leaseFacts)
		if beat.flaw != "" {
			r.doubtRestoreTest(v1alpha1.ReasonSourceUnreadable, "Lease "+shorten(o.Name)+": "+beat.flaw)
		}
		ended := beat.renewed
		if beat.acquired.IsZero() || beat.acquired.After(ended) {
			ended = time.Time{}
		}
		r.testedAt(beat.began(), ended)
	}
}

// began is when that began which ended when the Lease was renewed; zero if it
// never was.
func (l *leaseFacts) began() time.Time {
	if l.acquired.IsZero() || l.acquired.After(l.renewed) {
		return l.renewed
	}
	return l.acquired
}

func snapshotSubject(s *source) string {
	return "VolumeSnapshots " + shorten(metav1.FormatLabelSelector(&s.VolumeSnapshot.Selector))
}

func snapshotQueries(s *source) ([]cluster.Query, *cluster.Problem) {
	selector, err := metav1.LabelSelectorAsSelector(&s.VolumeSnapshot.Selector)
	if err != nil {
		return nil, &cluster.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: fmt.Sprintf("volumeSnapshot.selector: %v", err)}
	}
	q := s.all(snapshots)
	q.Selector = selector
	return []cluster.Query{q}, nil
}

func readSnapshots(r *reading, answers []answer) {
	if r.known(answers[0]) {
		r.weigh(candidates(answers[0], func(s *run) (run, bool) { return *s, true }))
	}
}

func cnpgQueries(s *source) ([]cluster.Query, *cluster.Problem) {
	return []cluster.Query{s.own(cnpgClusters, s.CloudNativePG.ClusterName), s.all(cnpgBackups)}, nil
}

func readCNPG(r *reading, answers []answer) {
	if r.known(answers[1]) {
		r.weigh(candidates(answers[1], func(b *cnpgBackupFacts) (run, bool) { return b.run, b.cluster == r.source.CloudNativePG.ClusterName }))
	}
	o := r.one(answers[0])
	if o == nil {
		return
	}
	if facts, _ := o.Facts.(cnpgClusterFacts); facts.archiving.status == string(metav1.ConditionFalse) {
		r.Fault = v1alpha1.ReasonArchivingFailed
		r.FaultMessage = "it does not archive its log (ContinuousArchiving is False), so that nothing after the newest backup can be restored"
	}
}

func cronJobQueries(s *source) ([]cluster.Query, *cluster.Problem) {
	queries := []cluster.Query{s.own(cronJobs, s.CronJob.Name)}
	if name := s.CronJob.RestoreTestName; name != "" {
		queries = append(queries, s.own(cronJobs, name))
	}
	return queries, nil
}

func readCronJob(r *reading, answers []answer) {
	if o := r.one(answers[0]); o != nil {
		job, _ := o.Facts.(cronJobFacts)
		if job.flaw != "" && job.succeeded.IsZero() {
			r.doubt(v1alpha1.ReasonSourceUnreadable, job.flaw)
		}
		r.Paused = job.suspended
		r.succeededAt(job.began(), job.succeeded, "")
		if !job.active && job.scheduled.After(job.succeeded) && r.believable(job.scheduled) {
			r.FailureName, r.FailureAt, r.FailingSince, r.FailurePhase = o.Name, job.scheduled, job.scheduled, "ended without success"
		}
	}
	if len(answers) < 2 || !r.knownRestoreTest(answers[1]) {
		return
	}
	if o := only(answers[1]); o != nil {
		test, _ := o.Facts.(cronJobFacts)
		if test.flaw != "" {
			r.doubtRestoreTest(v1alpha1.ReasonSourceUnreadable, "CronJob "+shorten(o.Name)+": "+test.flaw)
		}
		ended := test.succeeded
		if test.scheduled.IsZero() || test.scheduled.After(ended) {
			ended = time.Time{}
		}
		r.testedAt(test.began(), ended)
	}
}

// began is when the newest success began; zero if there is none.
func (j *cronJobFacts) began() time.Time {
	if j.scheduled.IsZero() || j.scheduled.After(j.succeeded) {
		return j.succeeded
	}
	return j.scheduled
}
