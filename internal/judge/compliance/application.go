// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"
	"strconv"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/judge/state"
)

// application judges an Application in all that an auditor asks of.
func (a *auditor) application(app *v1alpha1.Application) {
	if app.DecodingError != "" {
		a.undecodable(app)
		return
	}
	basis := a.verdict(app)
	a.contracts(app)
	if app.Spec.Lifecycle != v1alpha1.LifecycleRetired {
		a.transition(app, basis)
		a.review(app, basis)
	}
	switch {
	case operates(app):
		a.handover(app)
		a.serviceLevel(app)
		a.account(app)
		a.dataProcessing(app)
		a.backup(app)
	case app.Spec.Lifecycle == v1alpha1.LifecyclePlanned:
		a.suspended(app)
	}
}

// operates says whether somebody relies on an Application now. One that is
// being phased out still is.
func operates(app *v1alpha1.Application) bool {
	return app.Spec.Lifecycle == v1alpha1.LifecycleOperating || app.Spec.Lifecycle == v1alpha1.LifecyclePhasingOut
}

// of begins a finding on an Application, of medium severity.
func of(app *v1alpha1.Application, policy, rule string, r Result) Finding {
	return Finding{
		Policy: policy, Rule: rule, Result: r, Severity: Medium,
		Subject: subjectOf("Application", app.Namespace, app.Name, app.UID),
	}
}

// undecodable tells of an Application of which nobody can say what it declares.
func (a *auditor) undecodable(app *v1alpha1.Application) {
	f := of(app, PolicyCentralisation, v1alpha1.ReasonUndecodable, Warn)
	f.Message = "what is stored does not fit the types of its kind: " + app.DecodingError
	f.Remedy = remedies[v1alpha1.ReasonUndecodable]
	f.Properties = map[string]string{PropertyVerdict: string(v1alpha1.VerdictUnknown)}
	a.add(f)
}

// expiring tells that the Exemption which an Application rests on ends soon.
func (a *auditor) expiring(app *v1alpha1.Application, e *v1alpha1.Exemption, granted map[string]string) {
	standing, err := centralisation.StandingOf(e, a.notice, a.Now)
	if err != nil {
		return // it holds for nobody, so the verdict does not rest on it
	}
	a.until(standing.Next)
	if standing.State != v1alpha1.ExemptionExpiring {
		return
	}
	f := of(app, PolicyCentralisation, RuleExemptionExpiring, Warn)
	f.Item = e.Name
	f.Message = fmt.Sprintf("Exemption %s ends on %s; from then on nothing allows that the Application is decentral", e.Name, e.Spec.ExpiresOn)
	f.Remedy = "have the KDZ provide it by then, or ask the DigIT steering round for a new Exemption"
	f.Properties = granted
	a.add(f)
}

// transition tells that the day is near, or over, on which an Application is to
// be with the KDZ.
func (a *auditor) transition(app *v1alpha1.Application, basis string) {
	t := app.Spec.Operation.Transition
	if t == nil {
		return
	}
	f := of(app, PolicyCentralisation, RuleTransitionDue, Warn)
	f.Message = fmt.Sprintf("the Application is to be with the KDZ by %s", t.DueOn)
	f.Remedy = remedies[v1alpha1.ReasonTransitionPlanned]
	f.Properties = map[string]string{PropertyEndsOn: string(t.DueOn), PropertyProject: projectName(&t.ProjectRef)}
	a.due(f, t.DueOn, v1alpha1.ReasonTransitionOverdue, basis)
}

// review tells that the day is near, or over, on which the examination of an
// Application is to be done.
func (a *auditor) review(app *v1alpha1.Application, basis string) {
	r := app.Spec.Operation.Review
	if r == nil {
		return
	}
	reviewers := make([]string, len(r.Reviewers))
	for i, name := range r.Reviewers {
		reviewers[i] = string(name)
	}
	f := of(app, PolicyCentralisation, RuleReviewDue, Warn)
	f.Message = fmt.Sprintf("the examination of how far the Application can be centralised is to be done by %s", r.DueOn)
	f.Remedy = remedies[v1alpha1.ReasonReviewPending]
	f.Properties = map[string]string{PropertyEndsOn: string(r.DueOn), PropertyReviewers: strings.Join(reviewers, ",")}
	a.due(f, r.DueOn, v1alpha1.ReasonReviewOverdue, basis)
}

// due tells a finding within the days of notice before a day. After it, it is
// the finding that it is overdue, unless that is the verdict already.
func (a *auditor) due(f Finding, day v1alpha1.Date, overdue, basis string) {
	end, err := calendar.EndOfDay(string(day))
	if err != nil {
		return // the judge of the rule says so
	}
	begin := end.AddDate(0, 0, -noticeDays)
	a.until(begin, end)
	switch {
	case begin.After(a.Now):
		return
	case end.After(a.Now):
	case basis == overdue:
		return
	default:
		f.Rule, f.Result, f.Remedy = overdue, Fail, remedies[overdue]
		f.Message = "the day has passed: " + f.Message
	}
	a.add(f)
}

// contracts tells of contracts that have ended, end or must be cancelled. Of a
// retired Application it does not matter that one has ended; that one goes on
// matters all the more.
func (a *auditor) contracts(app *v1alpha1.Application) {
	for i := range app.Spec.Contracts {
		c := &app.Spec.Contracts[i]
		standing, err := state.JudgeContract(c, a.Now)
		a.until(standing.Next)
		f := of(app, PolicyContracts, "", Warn)
		f.Item, f.Properties = c.Number, contractProperties(c, standing)
		switch {
		case err != nil:
			f.Rule, f.Severity = RuleContractUnreadable, Low
			f.Message = fmt.Sprintf("nobody can say when contract %s ends: %v", c.Number, err)
			f.Remedy = "write a day of the calendar into endsOn of the contract"
		case standing.Phase == state.ContractEnded && app.Spec.Lifecycle != v1alpha1.LifecycleRetired:
			f.Rule, f.Result = RuleContractEnded, Fail
			f.Message = fmt.Sprintf("contract %s ended on %s", c.Number, c.EndsOn)
			f.Remedy = "renew it, or take it out of spec.contracts if nothing rests on it any more"
		case standing.Phase == state.ContractToCancel:
			f.Rule = RuleContractToCancel
			f.Message = fmt.Sprintf("contract %s must be cancelled by %s if it is to end on %s", c.Number, standing.CancelBy, c.EndsOn)
			f.Remedy = "decide whether it is to go on, and give notice if not"
		case standing.Phase == state.ContractEnding:
			f.Rule, f.Severity = RuleContractEnding, Low
			f.Message = fmt.Sprintf("contract %s ends on %s", c.Number, c.EndsOn)
			f.Remedy = "renew it in time if the Application goes on"
		default:
			continue
		}
		a.add(f)
	}
}

// contractProperties are the details of a contract.
func contractProperties(c *v1alpha1.Contract, s state.ContractStanding) map[string]string {
	p := map[string]string{PropertyName: c.Name, PropertyEndsOn: string(c.EndsOn)}
	if s.CancelBy != "" {
		p[PropertyCancelBy] = string(s.CancelBy)
	}
	if c.Supplier != "" {
		p[PropertySupplier] = c.Supplier
	}
	if c.AnnualCostEUR != nil {
		p[PropertyAnnualCost] = strconv.FormatInt(*c.AnnualCostEUR, 10)
	}
	return p
}

// serviceLevel tells of an Application that operates without an agreement, under
// one that no body decided, or under one that requires more than it declares.
func (a *auditor) serviceLevel(app *v1alpha1.Application) {
	ref := app.Spec.ServiceLevelRef
	if ref == nil {
		f := of(app, PolicyServiceLevels, RuleServiceLevelMissing, Fail)
		f.Message = "the Application operates, and nothing was agreed on how well"
		f.Remedy = "agree on a ServiceLevel and name it in spec.serviceLevelRef"
		a.add(f)
		return
	}
	level := a.ServiceLevels[ref.Name]
	if level != nil {
		a.requirements(app, level)
	}
	f := of(app, PolicyServiceLevels, RuleServiceLevelUnknown, Fail)
	f.Properties = map[string]string{PropertyServiceLevel: string(ref.Name)}
	switch {
	case level == nil:
		f.Message = fmt.Sprintf("ServiceLevel %s, which the Application names, does not exist", ref.Name)
		f.Remedy = "create it, or name another in spec.serviceLevelRef"
	case !approved(level):
		// The level itself is the failure, in the report of the cluster.
		f.Rule, f.Result, f.Severity = RuleServiceLevelUndecided, Warn, Low
		f.Message = fmt.Sprintf("no body has decided ServiceLevel %s, under which the Application operates", ref.Name)
		f.Remedy = remedyUndecided
	default:
		return
	}
	a.add(f)
}

const remedyUndecided = "have the DigIT steering round or the DigIT conference decide the level, and record it in spec.decision"

// approved says whether a body approved an agreement.
func approved(l *v1alpha1.ServiceLevel) bool {
	return l.Spec.Decision != nil && l.Spec.Decision.Outcome == v1alpha1.OutcomeApproved
}

// projectName writes a reference to a project.
func projectName(ref *v1alpha1.ProjectReference) string {
	if ref.Namespace == "" {
		return string(ref.Name)
	}
	return string(ref.Namespace) + "/" + string(ref.Name)
}
