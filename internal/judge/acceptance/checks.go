// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"fmt"
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// checks in the order in which results are told.
var checks = [...]v1alpha1.HandoverCheck{
	v1alpha1.CheckEndpointsAvailable, v1alpha1.CheckHostingHealthy, v1alpha1.CheckBackedUp, v1alpha1.CheckRestoreTested,
	v1alpha1.CheckServiceLevelAssigned, v1alpha1.CheckCentralised, v1alpha1.CheckCertificatesValid, v1alpha1.CheckContactsNamed,
}

// resultKey names a result.
type resultKey struct {
	application string
	check       v1alpha1.HandoverCheck
}

// readChecks makes all checks of all Applications.
func (j *judgement) readChecks() {
	stableFor := j.readStableFor()
	wanted := j.wanted()
	before := make(map[resultKey]*v1alpha1.CheckResult, len(j.told.Results))
	for i := range j.told.Results {
		r := &j.told.Results[i]
		before[resultKey{r.Application, r.Check}] = r
	}
	if len(j.Applications) == 0 {
		j.absent = append(j.absent, v1alpha1.MissingItem{
			Reason: v1alpha1.MissingApplication, Field: "spec.applicationRefs",
			Message: "no Application is named: whoever prepares the handover names what is handed over",
		})
	}
	seen := make(map[string]bool, len(j.Applications))
	for i := range j.Applications {
		app := &j.Applications[i]
		if seen[app.Name] {
			continue
		}
		seen[app.Name] = true
		j.present(app)
		e := examinee{app: app, now: j.Now, until: j.until}
		for _, check := range wanted {
			j.settle(app, check, e.examine(check), before[resultKey{app.Name, check}], stableFor)
		}
	}
}

// readStableFor reads how long each check must have held.
func (j *judgement) readStableFor() time.Duration {
	if j.spec.StableFor == "" {
		return defaultStableFor
	}
	stableFor, bad := lengthOf("spec.stableFor", j.spec.StableFor)
	if bad != nil {
		j.unusable = append(j.unusable, *bad)
	}
	return stableFor
}

// wanted are the checks that are to be made, each once.
func (j *judgement) wanted() []v1alpha1.HandoverCheck {
	declared := j.spec.Checks
	if declared == nil {
		declared = DefaultChecks()
	}
	for i, c := range declared {
		if !slices.Contains(checks[:], c) {
			j.unusable = append(j.unusable, v1alpha1.MissingItem{
				Reason: v1alpha1.ReasonInvalidSpec, Field: fmt.Sprintf("spec.checks[%d]", i),
				Message: fmt.Sprintf("there is no check %q: whoever prepares the handover takes it out", shorten(string(c), 64)),
			})
		}
	}
	wanted := make([]v1alpha1.HandoverCheck, 0, len(checks))
	for _, c := range checks {
		if slices.Contains(declared, c) {
			wanted = append(wanted, c)
		}
	}
	return wanted
}

// present notes an Application that is not there yet, or not yet in operation,
// so that there is nothing to verify.
func (j *judgement) present(app *Application) {
	item := v1alpha1.MissingItem{Reason: v1alpha1.MissingApplication, Field: "spec.applicationRefs"}
	switch {
	case app.Object == nil:
		item.Message = fmt.Sprintf("there is no Application %s: the project creates it, or whoever prepares the handover takes it out", app.Name)
	case app.Object.DecodingError == "" && app.Object.Spec.Lifecycle == v1alpha1.LifecyclePlanned:
		item.Reason, item.Field = v1alpha1.MissingCheck, ""
		item.Message = fmt.Sprintf("Application %s is Planned, so that nothing of it is looked at: the project sets its spec.lifecycle to Operating as soon as it runs", app.Name)
	default:
		return
	}
	j.absent = append(j.absent, item)
}

// settle writes the result of a check, and notes what is missing for it.
func (j *judgement) settle(app *Application, check v1alpha1.HandoverCheck, f finding, before *v1alpha1.CheckResult, stableFor time.Duration) {
	r := v1alpha1.CheckResult{Application: app.Name, Check: check, Passed: new(f.passed), Message: shorten(f.message, maxText)}
	since := j.since(f, before)
	if f.unsettled {
		if !slices.Contains(j.unsettled, app.Name) {
			j.unsettled = append(j.unsettled, app.Name)
		}
		if before != nil && before.Passed != nil && before.Since != nil {
			r, since = *before, before.Since.Time
		}
	}
	r.Since = shown(since)
	if len(j.verdict.Results) < maxResults {
		j.verdict.Results = append(j.verdict.Results, r)
	}
	if !*r.Passed {
		j.fail(app, &r)
		return
	}
	if stableAt := r.Since.Add(stableFor); stableAt.After(j.Now) {
		j.unstable++
		j.until(stableAt)
		if stableAt.After(j.stableAt) {
			j.stableAt = stableAt
		}
	}
}

// since is when a result began to be so. What a condition says of itself is the
// truth; where none does, it is when it was first seen.
func (j *judgement) since(f finding, before *v1alpha1.CheckResult) time.Time {
	kept := before != nil && before.Passed != nil && *before.Passed == f.passed && before.Since != nil
	switch {
	case f.passed && !f.since.IsZero():
		return f.since
	case kept:
		return before.Since.Time
	case !f.since.IsZero():
		return f.since
	default:
		return j.Now
	}
}

// fail notes a check that does not hold. Of an Application that is not there, or
// not judged yet, one sentence says it for all of them.
func (j *judgement) fail(app *Application, r *v1alpha1.CheckResult) {
	j.failing = true
	if app.Object == nil || r.Message == notJudged.message {
		return
	}
	j.failed = append(j.failed, v1alpha1.MissingItem{
		Reason:  v1alpha1.MissingCheck,
		Message: shorten(fmt.Sprintf("%s: %s does not hold: %s", r.Application, r.Check, r.Message), maxText),
	})
}
