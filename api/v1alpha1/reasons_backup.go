// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Reasons of BackedUp, and of the sources of evidence.
const (
	// ReasonBackupCurrent (True): the newest success is young enough, and so is
	// the newest restore test where one was agreed.
	ReasonBackupCurrent = string(BackupCurrent)
	// ReasonBackupNotRequired (True): no backup is needed; the spec says why.
	ReasonBackupNotRequired = string(BackupNotRequired)
	// ReasonBackupOverdue (False): the newest success began too long ago.
	ReasonBackupOverdue = string(BackupOverdue)
	// ReasonBackupFailed (False): the newest backup failed, or only part of it
	// succeeded. An older success that is young enough does not mend that.
	ReasonBackupFailed = string(BackupFailed)
	// ReasonBackupPaused (False): the schedule is paused.
	ReasonBackupPaused = "BackupPaused"
	// ReasonBackupExpires (False): the newest success is deleted before the
	// next one is due.
	ReasonBackupExpires = "BackupExpires"
	// ReasonStorageUnavailable (False): the place where the backups are kept
	// cannot be reached.
	ReasonStorageUnavailable = "StorageUnavailable"
	// ReasonArchivingFailed (False): the database does not archive its log, so
	// that nothing after the newest backup can be restored.
	ReasonArchivingFailed = "ArchivingFailed"
	// ReasonRestoreTestOverdue (False): the newest successful restore test began
	// too long ago, or there was none.
	ReasonRestoreTestOverdue = "RestoreTestOverdue"
	// ReasonRestoreTooSlow (False): the newest restore test took longer than the
	// agreed recovery time.
	ReasonRestoreTooSlow = "RestoreTooSlow"
	// ReasonNoSuccessSeen (Unknown): the source shows no success at all.
	ReasonNoSuccessSeen = "NoSuccessSeen"
	// ReasonSourceNotFound (Unknown): what the source names does not exist.
	ReasonSourceNotFound = "SourceNotFound"
	// ReasonSourceNotCovering (Unknown): the schedule does not back up the
	// Application's namespace, so that it is no evidence, and none of its
	// business.
	ReasonSourceNotCovering = "SourceNotCovering"
	// ReasonTimeInFuture (Unknown): the source tells a success that is yet to
	// come.
	ReasonTimeInFuture = "TimeInFuture"
	// ReasonSourceUnreadable (Unknown): what the source tells cannot be read.
	ReasonSourceUnreadable = "SourceUnreadable"
)
