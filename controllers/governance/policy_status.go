// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/tell/status"
)

const (
	// maxExemptions, maxProviderUnits and maxTreatedUnits are what the schema
	// of the status lets pass.
	maxExemptions    = 20000
	maxProviderUnits = 512
	maxTreatedUnits  = 4096
	// maxCompiled bounds in bytes what is compiled, encoded as JSON: etcd
	// refuses an object of more than 1.5 MiB, and the spec needs room too.
	maxCompiled = 1000000
)

// policyScope is all that one compilation of the policy gathers and tells.
type policyScope struct {
	now time.Time
	// missing are the units that the spec names and that do not exist yet, as
	// sentences.
	missing []string
	// undecodable are the names of units of which nothing is known but that.
	undecodable []string
	// compilation of the policy; empty if the policy could not be decoded.
	compilation centralisation.Compilation
}

// tell writes into the status what was compiled, and how that went. What cannot
// be held is left as it was: admission goes on with the last that could.
func (s *policyScope) tell(p *v1alpha1.GovernancePolicy) {
	p.Status.ObservedGeneration = p.Generation
	if p.DecodingError == "" && tooMany(&s.compilation) == "" {
		s.setCompiled(&p.Status)
	}
	status.SetReadiness(p, s.readiness(p), s.now)
}

// setCompiled writes what was compiled; compiledAt moves only if that is
// something else than before.
func (s *policyScope) setCompiled(st *v1alpha1.GovernancePolicyStatus) {
	c := s.compilation
	if len(s.undecodable) > 0 && st.CompiledAt != nil {
		// A unit that lost its type and its place must not take all below it
		// out of the KDZ, nor out of their treatment.
		c.ProviderUnits, c.UnitTreatments = st.ProviderUnits, st.UnitTreatments
	}
	if st.CompiledAt != nil && slices.Equal(st.ProviderUnits, c.ProviderUnits) &&
		maps.Equal(st.UnitTreatments, c.UnitTreatments) && maps.Equal(st.ExemptionIndex, c.ExemptionIndex) {
		return
	}
	st.ProviderUnits, st.UnitTreatments, st.ExemptionIndex = c.ProviderUnits, c.UnitTreatments, c.ExemptionIndex
	st.CompiledAt = &metav1.Time{Time: s.now.Truncate(time.Second)}
}

// readiness says whether the policy could be compiled.
func (s *policyScope) readiness(p *v1alpha1.GovernancePolicy) status.Readiness {
	if p.DecodingError != "" {
		return status.Readiness{
			Stalled: true, Reason: v1alpha1.ReasonUndecodable,
			Message: "what is stored does not fit the types of its kind: " + p.DecodingError + "; what was compiled before still holds",
		}
	}
	if message := tooMany(&s.compilation); message != "" {
		return status.Readiness{
			Stalled: true, Reason: v1alpha1.ReasonTooMany,
			Message: message + "; until then what was compiled before still holds",
		}
	}
	if len(s.undecodable) > 0 {
		return status.Readiness{
			Stalled: true, Reason: v1alpha1.ReasonUndecodable,
			Message: "what is stored does not fit the types of its kind, of OrganisationalUnit " + strings.Join(s.undecodable, ", ") +
				"; until that is mended units count as they were compiled before",
		}
	}
	if len(s.missing) > 0 {
		return status.Readiness{
			Reconciling: true, Reason: v1alpha1.ReasonReferenceNotFound,
			Message: strings.Join(s.missing, "; ") + "; what is there is compiled",
		}
	}
	return status.Readiness{Reason: v1alpha1.ReasonSucceeded, Message: "admission reads what was compiled here"}
}

// tooMany says what of a compilation is more than the status can hold, and what
// to do about it; empty if it fits.
func tooMany(c *centralisation.Compilation) string {
	const endExemptions = `have exemptions end that nobody needs (kubectl get itexempt -A --field-selector status.state=Unneeded)`
	switch {
	case len(c.ExemptionIndex) > maxExemptions:
		return fmt.Sprintf("%d names are exempt at the same time, and the status holds %d: %s", len(c.ExemptionIndex), maxExemptions, endExemptions)
	case len(c.ProviderUnits) > maxProviderUnits:
		return fmt.Sprintf("%d units stand at and below the one that spec.centralisation.providerUnitRef names, and the status holds %d: name a smaller unit, or have fewer below it", len(c.ProviderUnits), maxProviderUnits)
	case len(c.UnitTreatments) > maxTreatedUnits:
		return fmt.Sprintf("%d units are treated otherwise than Bound, and the status holds %d: remove units, or entries of spec.centralisation.treatments", len(c.UnitTreatments), maxTreatedUnits)
	}
	if size := sizeOf(c); size > maxCompiled {
		return fmt.Sprintf("what was compiled takes %d bytes, and the status holds %d: %s", size, maxCompiled, endExemptions)
	}
	return ""
}

// sizeOf returns how many bytes a compilation takes, encoded as JSON. Names and
// moments have no character that needs an escape.
func sizeOf(c *centralisation.Compilation) int {
	const quotes, colon, comma = 2, 1, 1
	size := 0
	for _, name := range c.ProviderUnits {
		size += len(name) + quotes + comma
	}
	for name, treatment := range c.UnitTreatments {
		size += len(name) + quotes + colon + len(treatment) + quotes + comma
	}
	for name, moment := range c.ExemptionIndex {
		size += len(name) + quotes + colon + len(moment) + quotes + comma
	}
	return size
}

// missingUnits says which units the policy names that do not exist.
func missingUnits(p *v1alpha1.GovernancePolicy, units []v1alpha1.OrganisationalUnit) []string {
	var missing []string
	look := func(field string, ref v1alpha1.UnitReference) {
		if !slices.ContainsFunc(units, func(u v1alpha1.OrganisationalUnit) bool { return u.Name == string(ref.Name) }) {
			missing = append(missing, fmt.Sprintf("OrganisationalUnit %q of %s does not exist", ref.Name, field))
		}
	}
	look("spec.centralisation.providerUnitRef", p.Spec.Centralisation.ProviderUnitRef)
	if projects := p.Spec.Projects; projects != nil && projects.LeadUnitRef != nil {
		look("spec.projects.leadUnitRef", *projects.LeadUnitRef)
	}
	return missing
}

// setNotDefault says of a policy that it has no effect.
func setNotDefault(p *v1alpha1.GovernancePolicy, now time.Time) {
	p.Status.ObservedGeneration = p.Generation
	status.SetReadiness(p, status.Readiness{
		Stalled: true, Reason: v1alpha1.ReasonNotDefault,
		Message: fmt.Sprintf("only the GovernancePolicy named %s has effect: move what this one says there, and delete it", v1alpha1.PolicyName),
	}, now)
}

// wait returns how long to wait for the next moment at which something else is
// to be compiled or counts may be written; zero means for ever.
func (s *policyScope) wait(countsWait time.Duration) time.Duration {
	if s.compilation.Next.IsZero() {
		return countsWait
	}
	// One millisecond on: at the moment itself, not before it.
	wait := max(s.compilation.Next.Sub(s.now), 0) + time.Millisecond
	if countsWait > 0 {
		wait = min(wait, countsWait)
	}
	return wait
}
