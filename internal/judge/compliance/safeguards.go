// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// dataProcessing tells of a service that processes personal data at a supplier
// without an agreement that binds the supplier: Article 28(3) GDPR asks for a
// contract or another legal act, whoever ordered the service.
func (a *auditor) dataProcessing(app *v1alpha1.Application) {
	h := app.Spec.Hosting
	if h == nil || h.SaaS == nil || app.Spec.Protection == nil || !app.Spec.Protection.PersonalData ||
		strings.TrimSpace(h.SaaS.DataProcessingAgreement) != "" {
		return
	}
	f := of(app, PolicyDataProtection, RuleDataProcessingAgreementMissing, Fail)
	f.Severity = High
	f.Message = fmt.Sprintf("%s processes personal data, and no agreement after Article 28 GDPR is named", h.SaaS.Supplier)
	f.Remedy = "conclude the agreement, or find it, and name it in spec.hosting.saas.dataProcessingAgreement"
	f.Properties = map[string]string{PropertySupplier: h.SaaS.Supplier}
	if h.SaaS.Region != "" {
		f.Properties[PropertyRegion] = h.SaaS.Region
	}
	a.add(f)
}

// backup tells of an Application whose information must be there, and be
// right, of which nobody said whether it could be brought back.
func (a *auditor) backup(app *v1alpha1.Application) {
	p := app.Spec.Protection
	if p == nil || app.Spec.Backup != nil {
		return
	}
	var needs []string
	severity := Medium
	for _, need := range []struct {
		name  string
		level v1alpha1.ProtectionLevel
	}{{"availability", p.Availability}, {"integrity", p.Integrity}} {
		switch need.level {
		case v1alpha1.ProtectionVeryHigh:
			severity = High
		case v1alpha1.ProtectionHigh:
		default:
			continue
		}
		needs = append(needs, fmt.Sprintf("%s %s", need.name, need.level))
	}
	if len(needs) == 0 {
		return
	}
	f := of(app, PolicyBackups, RuleBackupUndeclared, Warn)
	f.Severity = severity
	f.Message = fmt.Sprintf("the Application needs %s, and nothing is declared of its backup", strings.Join(needs, " and "))
	f.Remedy = "declare in spec.backup what shows that backups succeed, or why none is needed"
	a.add(f)
}
