// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/agreed"
)

// Account is what an auditor asks of the account of an Application's
// availability, of the period that runs and of the last one that is over. It is
// comparable, and changes only when a finding may.
type Account struct {
	// Counted: there is time in it in which the Application operated.
	Counted bool
	// LostAt is the moment at which it was begun anew although there had been
	// one; empty if there is none, or if it is long ago.
	LostAt string
	// Broken is the last period that is over, if the agreement was broken in it.
	Broken string
	// Overran and OverranBefore are the period that runs, and the last one, if
	// an outage in it lasted longer than was agreed.
	Overran, OverranBefore string
}

// AccountOf returns what is asked of a record.
func AccountOf(r *v1alpha1.AvailabilityRecord) Account {
	a := Account{Counted: r.Totals.Agreed > 0 || len(r.Periods) > 0}
	begin := time.Time{} // of the last period
	if len(r.Periods) > 0 {
		last := &r.Periods[0]
		if last.StartAt != nil {
			begin = last.StartAt.Time
		}
		if last.Result == v1alpha1.ResultBreached {
			a.Broken = last.Period
		}
		if last.RecoveryBreaches > 0 {
			a.OverranBefore = last.Period
		}
	}
	if c := r.Current; c != nil {
		a.Counted = a.Counted || c.Accumulators.Agreed > 0 || c.Accumulators.Outages > 0
		if c.Accumulators.RecoveryBreaches > 0 || c.OpenOutage != nil && c.OpenOutage.RecoveryBreached {
			a.Overran = c.Period
		}
	}
	if lost := r.HistoryLostAt; lost != nil && !lost.Time.Before(begin) {
		a.LostAt = lost.UTC().Format(time.RFC3339)
	}
	return a
}

// Standing is what the status of an Application tells an auditor of its
// agreement. It is comparable, and empty if there is nothing to tell.
type Standing struct {
	// Lost: the account was lost.
	Lost bool
	// Broken is the period that runs, if the agreement is broken in it.
	Broken string
}

// StandingOf returns what is asked of the status of an Application.
func StandingOf(app *v1alpha1.Application) Standing {
	c := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionServiceLevelMet)
	switch {
	case c != nil && c.Reason == v1alpha1.ReasonHistoryLost:
		return Standing{Lost: true}
	case c != nil && c.Reason == v1alpha1.ReasonBreached && app.Status.ServiceLevel != nil:
		return Standing{Broken: app.Status.ServiceLevel.Period}
	case c != nil && c.Reason == v1alpha1.ReasonBreached:
		return Standing{Broken: "the current period"}
	}
	return Standing{}
}

// requirements tells of an Application under an agreement that requires more
// than it declares.
func (a *auditor) requirements(app *v1alpha1.Application, level *v1alpha1.ServiceLevel) {
	lacks := agreed.DeclarationOf(app).Lacks(level.Spec.Requires)
	if len(lacks) == 0 {
		return
	}
	words := make([]string, len(lacks))
	for i, lack := range lacks {
		words[i] = "spec." + lack.String()
	}
	f := underLevel(app, v1alpha1.ReasonRequirementUnmet, level.Name)
	f.Message = fmt.Sprintf("the Application declares less than ServiceLevel %s requires: %s", level.Name, strings.Join(words, "; "))
	f.Remedy = "examine what the Application needs and declare it, or name an agreement in spec.serviceLevelRef that requires less"
	a.add(f)
}

// underLevel begins a finding on an Application under an agreement.
func underLevel(app *v1alpha1.Application, rule, level string) Finding {
	f := of(app, PolicyServiceLevels, rule, Fail)
	if level != "" {
		f.Properties = map[string]string{PropertyServiceLevel: level}
	}
	return f
}

// account tells what the account of an Application that operates shows.
func (a *auditor) account(app *v1alpha1.Application) {
	account, standing := a.Accounts[v1alpha1.ObjectName(app.Name)], StandingOf(app)
	level := ""
	if ref := app.Spec.ServiceLevelRef; ref != nil {
		level = string(ref.Name)
	}
	if account.LostAt != "" || standing.Lost {
		f := underLevel(app, v1alpha1.ReasonHistoryLost, level)
		f.Severity = High
		f.Message = "the account of the Application's availability was deleted or lost, so that nobody can say whether the agreement was kept before"
		if account.LostAt != "" {
			f.Message += "; it was begun anew at " + account.LostAt
		}
		f.Remedy = "find out who deleted the AvailabilityRecord, or restore it from a backup together with the Application"
		a.add(f)
	}
	if standing.Broken != "" {
		a.broken(app, level, standing.Broken)
	}
	if account.Broken != "" && account.Broken != standing.Broken {
		a.broken(app, level, account.Broken)
	}
	for _, period := range []string{account.Overran, account.OverranBefore} {
		if period == "" {
			continue
		}
		f := underLevel(app, v1alpha1.ReasonRecoveryBreached, level)
		f.Item = period
		f.Message = fmt.Sprintf("in %s an outage lasted longer than was agreed", period)
		f.Remedy = "find out what kept the Application from coming back in time: see the outages of its AvailabilityRecord"
		a.add(f)
	}
}

// broken tells of an agreement that was broken in a period.
func (a *auditor) broken(app *v1alpha1.Application, level, period string) {
	f := underLevel(app, RuleServiceLevelBreached, level)
	f.Severity, f.Item = High, period
	f.Message = fmt.Sprintf("the agreement was broken in %s: more outage than it allows", period)
	f.Remedy = "find out what the outages have in common: see the outages of its AvailabilityRecord"
	a.add(f)
}

// suspended tells of an Application that operated and is only Planned now, so
// that nothing is counted any more.
func (a *auditor) suspended(app *v1alpha1.Application) {
	if !a.Accounts[v1alpha1.ObjectName(app.Name)].Counted {
		return
	}
	f := of(app, PolicyServiceLevels, RulePlannedAgain, Fail)
	f.Severity = High
	f.Message = "the Application operated, as its AvailabilityRecord shows, and is Planned now, so that its outages are not counted"
	f.Remedy = "set spec.lifecycle to what is true: Operating, PhasingOut or Retired"
	a.add(f)
}
