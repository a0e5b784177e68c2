// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// contractWarningDays is how many days before a contract ends, or before the
// last day on which notice can be given, it is reported as ending.
const contractWarningDays = 90

func warning(end time.Time) time.Time { return end.AddDate(0, 0, -contractWarningDays) }

// Certificate is a certificate that an endpoint presented.
type Certificate struct {
	// Endpoint that presented it.
	Endpoint string
	// NotAfter is when it expires.
	NotAfter time.Time
	// RenewBefore is how long before that it should have been renewed.
	RenewBefore time.Duration
}

// Validity is the judgement of something that ends by itself.
type Validity struct {
	// Valid: nothing has ended or is about to.
	Valid bool
	// Reason in a stable CamelCase word.
	Reason string
	// Message names what ends and when.
	Message string
	// Next is the next moment at which the judgement can change; zero if never.
	Next time.Time
}

// JudgeCertificates judges whether no certificate expires within its
// renewBefore. The one that expires first is named.
func JudgeCertificates(certificates []Certificate, now time.Time) Validity {
	v := Validity{Valid: true, Reason: v1alpha1.ReasonAllValid}
	if len(certificates) == 0 {
		return v
	}
	for _, c := range certificates {
		for _, moment := range []time.Time{c.NotAfter.Add(-c.RenewBefore), c.NotAfter} {
			if moment.After(now) {
				v.Next = calendar.Earliest(v.Next, moment)
			}
		}
	}
	first := slices.MinFunc(certificates, func(a, b Certificate) int {
		if n := a.NotAfter.Compare(b.NotAfter); n != 0 {
			return n
		}
		return strings.Compare(a.Endpoint, b.Endpoint)
	})
	due := slices.IndexFunc(certificates, func(c Certificate) bool { return !c.NotAfter.Add(-c.RenewBefore).After(now) })
	switch {
	case !first.NotAfter.After(now):
		v.Valid, v.Reason = false, v1alpha1.ReasonCertificateExpired
		v.Message = fmt.Sprintf("the certificate of endpoint %s expired on %s", first.Endpoint, date(first.NotAfter))
	case due >= 0:
		c := certificates[due]
		v.Valid, v.Reason = false, v1alpha1.ReasonCertificateExpiring
		v.Message = fmt.Sprintf("the certificate of endpoint %s expires on %s and should have been renewed by %s", c.Endpoint, date(c.NotAfter), date(c.NotAfter.Add(-c.RenewBefore)))
	default:
		v.Message = fmt.Sprintf("the first certificate to expire, on %s, is that of endpoint %s", date(first.NotAfter), first.Endpoint)
	}
	return v
}

// ContractError says which contract of a list cannot be judged, and why.
type ContractError struct {
	// Index of the contract in its list.
	Index int
	// Detail says what is wrong and what would be right.
	Detail string
}

// Error implements error.
func (e *ContractError) Error() string {
	return fmt.Sprintf("contracts[%d].endsOn: %s", e.Index, e.Detail)
}

// ContractPhase is how near the end of a contract is.
type ContractPhase string

// Phases of a contract.
const (
	// ContractRunning: it neither ends nor must be cancelled within 90 days.
	ContractRunning ContractPhase = "Running"
	// ContractToCancel: within 90 days notice must be given, if it is to end.
	ContractToCancel ContractPhase = "ToCancel"
	// ContractEnding: it ends within 90 days.
	ContractEnding ContractPhase = "Ending"
	// ContractEnded: its last day is over.
	ContractEnded ContractPhase = "Ended"
)

// ContractStanding is how a contract stands by its days.
type ContractStanding struct {
	Phase ContractPhase
	// CancelBy is the last day on which notice can be given; empty if it needs
	// none, or has no end.
	CancelBy v1alpha1.Date
	// Next is the next moment at which the phase can change; zero if never.
	Next time.Time
}

// JudgeContract says how a contract stands. It is an error if its last day is
// none of the calendar.
func JudgeContract(c *v1alpha1.Contract, now time.Time) (ContractStanding, error) {
	s := ContractStanding{Phase: ContractRunning}
	if c.EndsOn == "" {
		return s, nil
	}
	end, err := calendar.EndOfDay(string(c.EndsOn))
	if err != nil {
		return s, err
	}
	notice := end
	if c.NoticePeriodDays != nil {
		notice = end.AddDate(0, 0, -int(*c.NoticePeriodDays))
	}
	for _, moment := range []time.Time{warning(notice), notice, warning(end), end} {
		if moment.After(now) {
			s.Next = calendar.Earliest(s.Next, moment)
		}
	}
	if notice.Before(end) {
		s.CancelBy = v1alpha1.Date(date(notice.Add(-time.Second)))
	}
	switch {
	case !end.After(now):
		s.Phase = ContractEnded
	case notice.After(now) && !warning(notice).After(now) && notice.Before(end):
		s.Phase = ContractToCancel
	case !warning(end).After(now):
		s.Phase = ContractEnding
	}
	return s, nil
}

// JudgeContracts judges whether no contract has ended, and says which one ends,
// or must be cancelled, within the next 90 days. A contract that cannot be
// judged is left out and named among the errors.
func JudgeContracts(contracts []v1alpha1.Contract, now time.Time) (Validity, []*ContractError) {
	v := Validity{Valid: true, Reason: v1alpha1.ReasonAllValid, Message: "no contract ends, or must be cancelled, within 90 days"}
	var errs []*ContractError
	var ended, ending []string
	for i := range contracts {
		c := &contracts[i]
		s, err := JudgeContract(c, now)
		if err != nil {
			errs = append(errs, &ContractError{Index: i, Detail: err.Error()})
			continue
		}
		v.Next = calendar.Earliest(v.Next, s.Next)
		switch s.Phase {
		case ContractEnded:
			ended = append(ended, fmt.Sprintf("contract %s ended on %s", c.Number, c.EndsOn))
		case ContractToCancel:
			ending = append(ending, fmt.Sprintf("contract %s must be cancelled by %s", c.Number, s.CancelBy))
		case ContractEnding:
			ending = append(ending, fmt.Sprintf("contract %s ends on %s", c.Number, c.EndsOn))
		}
	}
	switch {
	case len(ended) > 0:
		v.Valid, v.Reason, v.Message = false, v1alpha1.ReasonContractEnded, strings.Join(ended, "; ")
	case len(ending) > 0:
		v.Reason, v.Message = v1alpha1.ReasonContractEnding, strings.Join(ending, "; ")
	}
	return v, errs
}

// date writes a moment as a day in Europe/Berlin.
func date(t time.Time) string { return t.In(calendar.Location()).Format(time.DateOnly) }
