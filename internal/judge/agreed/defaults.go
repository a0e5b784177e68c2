// SPDX-License-Identifier: Apache-2.0

package agreed

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Effective returns an Application as it is to be looked at under its
// agreement: where it declares nothing itself, the threshold of latency is the
// maxLatency of each of its endpoints, and the ages of backups and of restore
// tests are those of its backup. An Application that declares no backup, or why
// it needs none, gets none by that.
//
// What is returned is the Application itself if the agreement, which may be nil,
// adds nothing; otherwise a copy that shares all that is not changed. Neither is
// to be written.
func Effective(app *v1alpha1.Application, level *v1alpha1.ServiceLevel) *v1alpha1.Application {
	if level == nil {
		return app
	}
	endpoints, slower := withLatency(app.Spec.Endpoints, level.Spec.Latency)
	backup := withAges(app.Spec.Backup, level.Spec.Backup)
	if !slower && backup == app.Spec.Backup {
		return app
	}
	effective := *app
	effective.Spec.Endpoints, effective.Spec.Backup = endpoints, backup
	return &effective
}

// withLatency returns endpoints with the threshold as the default of their
// maxLatency, and whether that changed any. A threshold that is no duration is
// the agreement's matter, and says nothing of its Applications.
func withLatency(endpoints []v1alpha1.Endpoint, latency *v1alpha1.LatencyObjective) ([]v1alpha1.Endpoint, bool) {
	if latency == nil {
		return endpoints, false
	}
	if d, err := time.ParseDuration(string(latency.Threshold)); err != nil || d <= 0 {
		return endpoints, false
	}
	var changed []v1alpha1.Endpoint
	for i := range endpoints {
		if endpoints[i].MaxLatency != "" {
			continue
		}
		if changed == nil {
			changed = append([]v1alpha1.Endpoint{}, endpoints...)
		}
		changed[i].MaxLatency = latency.Threshold
	}
	if changed == nil {
		return endpoints, false
	}
	return changed, true
}

// withAges returns a backup with the ages that were agreed as its defaults; the
// same if they add nothing.
func withAges(backup *v1alpha1.Backup, agreed *v1alpha1.BackupObjective) *v1alpha1.Backup {
	if backup == nil || agreed == nil || backup.NotRequiredReason != "" {
		return backup
	}
	effective := *backup
	if effective.MaxAge == "" {
		effective.MaxAge = agreed.MaxAge
	}
	if effective.RestoreTestMaxAge == "" {
		effective.RestoreTestMaxAge = agreed.RestoreTestMaxAge
	}
	if effective.MaxAge == backup.MaxAge && effective.RestoreTestMaxAge == backup.RestoreTestMaxAge {
		return backup
	}
	return &effective
}
