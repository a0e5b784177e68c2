// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Scope is all that the judgement of an account rests on. Nothing in it is
// changed.
type Scope struct {
	// Record is the account as it is stored; nil if there is none. Its list of
	// outages may be missing: see Judgement.Ended.
	Record *v1alpha1.AvailabilityRecord
	// UID, Origin and Lifecycle of the Application.
	UID       string
	Origin    v1alpha1.Origin
	Lifecycle v1alpha1.Lifecycle
	// Accounted: the status of the Application shows that there was an account.
	Accounted bool
	// Parts of which the indicator consists; none means that there is nothing to
	// tell it by.
	Parts []Part
	// Excuses are the times in which a Hard dependency was down that is another
	// provider's, or in its own agreed maintenance.
	Excuses []Excuse
	// Outside are outages that ended and that lie outside of the indicator.
	Outside []v1alpha1.Outage
	// Maintenance windows that the Application declares.
	Maintenance []v1alpha1.MaintenanceWindow
	// Level is the name of the agreement that the Application refers to; empty
	// if there is none.
	Level v1alpha1.ObjectName
	// Agreements by name: that of Level, and of each segment of the record that
	// still exists.
	Agreements map[v1alpha1.ObjectName]*Agreement
	// Gaps are times that nobody observed, from the ledger, in order.
	Gaps []Gap
	// Spread is how long after the end of a period its booking is written.
	Spread time.Duration
	// Now is the present moment. An account never goes back: before what is
	// stored nothing is counted again.
	Now time.Time
}

// Part is something that the indicator consists of, and how it was.
type Part struct {
	// Check is its name: the endpoint, the system or the dependency.
	Check string
	// Kind of it.
	Kind v1alpha1.CauseKind
	// Pending: it was not judged yet, so it stays out.
	Pending bool
	// Changes that are known, in order. From the last one on it is in that state
	// until now; before the first one the account knows best.
	Changes []Change
	// Floor is the moment from which on this process's word counts rather than
	// the account's: what changed before it counts as changed at it.
	Floor time.Time
}

// Change is a change of a part.
type Change struct {
	// At which moment.
	At time.Time
	// State from then on: Up, Slow, Down or Unobserved.
	State v1alpha1.IndicatorState
	// Cause of it, for Down.
	Cause *v1alpha1.Cause
}

// Excuse is a time in which an outage is not charged.
type Excuse struct {
	// Name of the dependency.
	Name string
	// From when to when; To is zero while it lasts.
	From, To time.Time
}

// Gap is a time that nobody observed.
type Gap struct {
	// From when to when; To is zero while it lasts.
	From, To time.Time
	// Whole: not even what this process saw in it counts, since the cluster
	// forgot it (etcd was restored).
	Whole bool
}

// Judgement of an account.
type Judgement struct {
	// Record as it is to be stored; nil if the Application has none. It carries
	// the metadata of the given one.
	Record *v1alpha1.AvailabilityRecord
	// Write says that Record is to be written: something happened, or a deadline
	// has passed. Otherwise Record is as the account stands now, and what is
	// stored says the same.
	Write bool
	// Booking: the only thing that happened is that a period ended, so that the
	// write can wait its turn.
	Booking bool
	// Ended are outages that ended, oldest first, which are to stand at the top
	// of the record's list. See Append.
	Ended []v1alpha1.Outage
	// Booked are periods that ended, oldest first; they stand in Record already.
	Booked []v1alpha1.AccountPeriod
	// Summary for the status of the Application; nil without an agreement.
	Summary *v1alpha1.ServiceLevelSummary
	// Reason of the condition ServiceLevelMet, and its message.
	Reason, Message string
	// Result as it stands; empty if there is none.
	Result v1alpha1.ServiceLevelResult
	// BudgetLow: less than a tenth of the budget is left.
	BudgetLow bool
	// RecoveryBreached: an outage that lasts is longer than was agreed.
	RecoveryBreached bool
	// Next is the next moment at which the account has to be judged again though
	// nothing happens; zero if there is none.
	Next time.Time
}
