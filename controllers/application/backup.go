// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	judgebackup "kdz.mainz.de/operator/internal/judge/backup"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/backup"
	"kdz.mainz.de/operator/internal/tell/status"
)

// backupScope is what is gathered and judged of an Application's backup.
type backupScope struct {
	// evidence that the declared sources show.
	evidence []judgebackup.Evidence
	// judged is how it stands; nil where none is declared, or nobody looks.
	judged *judgebackup.Verdict
}

// backupChecks says how the sources of evidence are looked at that the
// Application declares: objects of the cluster are watched, Prometheus servers
// are asked.
func (r *Reconciler) backupChecks(ctx context.Context, s *scope) (looking, error) {
	declared := s.effective.Spec.Backup
	if declared == nil || len(declared.Sources) == 0 {
		return looking{}, nil
	}
	policy, err := observationPolicy(ctx, r.Client)
	if err != nil {
		return looking{}, err
	}
	s.queries = append(s.queries, backup.Queries(s.app.Namespace, declared.Sources, policy)...)
	checks := backup.Checks(declared.Sources, policy, r.Indicators)
	for i := range checks {
		checks[i].Seed = backupSeed(s.before, checks[i].Name)
	}
	return looking{checks, func(known func(string) observe.Observation) {
		for _, e := range backup.Read(&backup.Look{
			Namespace: s.app.Namespace, Sources: declared.Sources, Policy: policy,
			Objects: r.Cluster, Asker: r.Indicators, Observation: known, Now: s.now,
		}) {
			s.backup.evidence = append(s.backup.evidence, judgebackup.Evidence(e))
		}
	}}, nil
}

// backupSeed is what status says of a moment that a Prometheus server told
// before this process began.
func backupSeed(app *v1alpha1.Application, check string) *observe.Observation {
	if app.Status.Backup == nil {
		return nil
	}
	for i := range app.Status.Backup.Sources {
		told := &app.Status.Backup.Sources[i]
		at := told.NewestSuccessAt
		switch check {
		case backup.SuccessCheck(told.Name):
		case backup.RestoreTestCheck(told.Name):
			at = told.NewestRestoreTestAt
		default:
			continue
		}
		if at == nil {
			return nil
		}
		return &observe.Observation{Name: check, State: observe.StateUp, Since: at.Time, Facts: at.Time.UTC()}
	}
	return nil
}

// judgeBackup has the backup judged by what was gathered.
func (s *scope) judgeBackup() {
	if s.effective == nil || s.effective.Spec.Backup == nil || !s.observed() {
		return
	}
	verdict := judgebackup.Judge(&judgebackup.Scope{
		Backup: s.effective.Spec.Backup, Evidence: s.backup.evidence, RecoveryTime: s.recoveryTime(),
		Previous: s.before.Status.Backup, Now: s.now,
	})
	s.backup.judged = &verdict
	s.at(verdict.Next)
}

// recoveryTime is how long an outage may last by the agreement; 0 if nothing was
// agreed, or nothing that can be read, which is told on the agreement.
func (s *scope) recoveryTime() time.Duration {
	if s.level == nil || s.level.Spec.Recovery == nil {
		return 0
	}
	d, err := time.ParseDuration(string(s.level.Spec.Recovery.MaxOutage))
	if err != nil {
		return 0
	}
	return d
}

// tellBackup tells how the backup stands.
func (s *scope) tellBackup() {
	v := s.backup.judged
	if v == nil {
		s.app.Status.Backup = nil
		status.Remove(s.app, v1alpha1.ConditionBackedUp)
		return
	}
	s.app.Status.Backup = &v1alpha1.BackupStatus{
		State: v.State, NewestSuccessAt: v.NewestSuccessAt, NewestRestoreTestAt: v.NewestRestoreTestAt,
		RestoreTestSeconds: v.RestoreTestSeconds, DueAt: v.DueAt, Sources: v.Sources,
	}
	s.set(v1alpha1.ConditionBackedUp, v.Status, v.Reason, status.Shorten(v.Message, maxCauseMessage))
}
