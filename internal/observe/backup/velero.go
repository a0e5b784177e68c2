// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"path"
	"strings"
	"unique"

	"k8s.io/apimachinery/pkg/labels"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// veleroScheduleLabel of a Backup names the schedule that made it.
const veleroScheduleLabel = "velero.io/schedule-name"

func veleroQueries(s *source) ([]cluster.Query, *cluster.Problem) {
	if s.policy == nil || s.policy.VeleroNamespace == "" {
		return nil, &cluster.Problem{
			Reason:  v1alpha1.ReasonReferenceNotFound,
			Message: fmt.Sprintf("nobody says where Velero is: set spec.observation.veleroNamespace of GovernancePolicy %s", v1alpha1.PolicyName),
		}
	}
	of, err := labels.ValidatedSelectorFromSet(labels.Set{veleroScheduleLabel: s.Velero.ScheduleName})
	if err != nil {
		return nil, &cluster.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: fmt.Sprintf("velero.scheduleName: %v", err)}
	}
	in := string(s.policy.VeleroNamespace)
	return []cluster.Query{
		{Kind: veleroSchedules, Namespace: in, Name: s.Velero.ScheduleName},
		{Kind: veleroBackups, Namespace: in, Selector: of},
		{Kind: veleroLocations, Namespace: in},
		{Kind: veleroRestores, Namespace: in},
	}, nil
}

func readVelero(r *reading, answers []answer) {
	o := r.one(answers[0])
	if o == nil {
		r.doubtRestoreTest(r.Reason, r.Message)
		return
	}
	schedule, _ := o.Facts.(veleroScheduleFacts)
	if !covers(schedule.covers, r.source.namespace) {
		message := fmt.Sprintf("%s does not back up namespace %s: name a schedule whose template includes it", r.Subject, r.source.namespace)
		r.doubt(v1alpha1.ReasonSourceNotCovering, message)
		r.doubtRestoreTest(v1alpha1.ReasonSourceNotCovering, message)
		return
	}
	r.Paused = schedule.paused
	location := schedule.location
	if r.known(answers[1]) {
		// Most backups of a schedule cover the same.
		last, covered := schedule.covers, true
		all := candidates(answers[1], func(b *veleroBackupFacts) (run, bool) {
			if b.covers != last {
				last, covered = b.covers, covers(b.covers, r.source.namespace)
			}
			return b.run, covered
		})
		if newest := r.weigh(all); newest != nil {
			backup, _ := newest.object.Facts.(veleroBackupFacts)
			r.ExpiresAt, r.NextRunAt = backup.expires, nextRun(schedule.cron, newest.run.at)
			location = backup.location
		}
	}
	if schedule.phase == "FailedValidation" {
		r.Fault, r.FaultMessage = v1alpha1.ReasonBackupFailed, "Velero does not accept the schedule (phase FailedValidation), and starts nothing"
	} else if r.known(answers[2]) {
		r.store(answers[2], location)
	}
	r.readVeleroRestores(answers[3], answers[1])
}

// store notes whether a place of storage is out of reach; empty means Velero's
// default.
func (r *reading) store(locations answer, name string) {
	for _, o := range locations.objects {
		location, _ := o.Facts.(veleroLocationFacts)
		if o.Name != name && (name != "" || !location.isDefault) {
			continue
		}
		if location.phase == "Unavailable" {
			r.Fault = v1alpha1.ReasonStorageUnavailable
			r.FaultMessage = fmt.Sprintf("BackupStorageLocation %q is Unavailable", shorten(o.Name))
		}
		return
	}
	r.Fault = v1alpha1.ReasonStorageUnavailable
	if r.FaultMessage = fmt.Sprintf("BackupStorageLocation %q does not exist", shorten(name)); name == "" {
		r.FaultMessage = "no BackupStorageLocation is the default"
	}
}

// readVeleroRestores notes the newest Restore of the schedule's backups that
// restored the namespace.
func (r *reading) readVeleroRestores(restores, backups answer) {
	if !r.knownRestoreTest(restores) || len(restores.objects) == 0 {
		return
	}
	made := map[string]bool{}
	for _, o := range backups.objects {
		made[o.Name] = true
	}
	for _, o := range restores.objects {
		restore, _ := o.Facts.(veleroRestoreFacts)
		of := restore.schedule == r.source.Velero.ScheduleName || made[restore.backup] || isMadeBy(r.source.Velero.ScheduleName, restore.backup)
		if of && restore.outcome == succeeded && covers(restore.covers, r.source.namespace) {
			r.testedAt(restore.at, restore.ended)
		}
	}
}

// isMadeBy reports whether a Backup is called as Velero calls those of the
// schedule, nightly-20260331020000, so that one that is gone is known as well.
func isMadeBy(schedule, backup string) bool {
	stamp, ok := strings.CutPrefix(backup, schedule+"-")
	return ok && len(stamp) == len("20060102150405") && strings.Trim(stamp, "0123456789") == ""
}

// covers reports whether a namespace is among those that a backup covers: all,
// unless some are named.
func covers(covered unique.Handle[namespaces], namespace string) bool {
	if covered == (unique.Handle[namespaces]{}) {
		return false
	}
	among := func(list string) bool {
		for pattern := range strings.SplitSeq(list, ",") {
			if ok, err := path.Match(pattern, namespace); ok && err == nil {
				return true
			}
		}
		return false
	}
	of := covered.Value()
	return (of.included == "" || among(of.included)) && (of.excluded == "" || !among(of.excluded))
}
