// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// warnings keeps what the server warns of.
type warnings struct {
	sync.Mutex
	texts []string
}

// HandleWarningHeader keeps a warning.
func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.Lock()
	defer w.Unlock()
	w.texts = append(w.texts, text)
}

// take returns what was warned of since it was last called.
func (w *warnings) take() string {
	w.Lock()
	defer w.Unlock()
	all := strings.Join(w.texts, "\n")
	w.texts = nil
	return all
}

// warned is an ordinary editor whose warnings are kept.
func warned(t *testing.T) (user, *warnings) {
	t.Helper()
	u, w := editor(t), &warnings{}
	config := controlplanetest.Config(t)
	config.Impersonate = rest.ImpersonationConfig{UserName: u.name, Groups: []string{"system:authenticated", roleEditor}}
	config.WarningHandler = w
	c, err := client.New(config, client.Options{Scheme: admin(t).Scheme(), Mapper: admin(t).RESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	u.client = c
	return u, w
}

// TestSoftenedRule shows that with enforcement Warn or Audit the rule refuses
// nothing, that Warn warns, and that claims are refused as ever.
func TestSoftenedRule(t *testing.T) {
	u, heard := warned(t)
	mustRefuse(t, u.try(create, application(unitOffice, "softened", decentral)), "applications", messageDecentral)
	for _, enforcement := range []v1alpha1.Enforcement{v1alpha1.EnforcementWarn, v1alpha1.EnforcementAudit} {
		t.Run(string(enforcement), func(t *testing.T) {
			withPolicy(t,
				func(p *v1alpha1.GovernancePolicy) { p.Spec.Centralisation.Enforcement = enforcement },
				func() error { return editor(t).try(create, application(unitOffice, "softened", decentral)) })
			for message, what := range map[string]edit{messageDecentral: decentral, messageProcured: bought} {
				heard.take()
				mustAccept(t, u.try(create, application(unitOffice, "softened", what)))
				want := ""
				if enforcement == v1alpha1.EnforcementWarn {
					want = fmt.Sprintf("Validation failed for ValidatingAdmissionPolicy '%[1]s' with binding '%[1]s': %s", "applications-warn.kdz.mainz.de", message)
				}
				if got := heard.take(); got != want {
					t.Errorf("warnings: %q, want %q", got, want)
				}
				twin := "applications-" + strings.ToLower(string(enforcement)) + ".kdz.mainz.de"
				awaitNote(t, "softened", "validation.policy.admission.k8s.io/validation_failure", twin, message)
				awaitNote(t, "softened", basisKey, "enforcement "+string(enforcement))
			}
			mustRefuse(t, u.try(create, application(unitOffice, "softened", operatedBy(unitOffice))), "applications", messageNotKDZ(unitOffice))
			mustRefuse(t, u.try(create, application(unitOffice, "softened", undetermined)), "applications", messageUndetermined)
			mustAccept(t, u.try(create, application(unitOffice, "softened")))
			if got := heard.take(); got != "" {
				t.Errorf("warned for nothing: %q", got)
			}
		})
	}
}

// TestPolicyNotCompiled shows what a refusal says before the operator has
// compiled the policy.
func TestPolicyNotCompiled(t *testing.T) {
	const unlabelled = "unlabelled-and-early"
	stored(t, namespaceOf(unlabelled, ""))
	for name, forget := range map[string]func(*v1alpha1.GovernancePolicy){
		"no status":      func(p *v1alpha1.GovernancePolicy) { p.Status = v1alpha1.GovernancePolicyStatus{} },
		"never compiled": func(p *v1alpha1.GovernancePolicy) { p.Status.CompiledAt = nil },
	} {
		t.Run(name, func(t *testing.T) {
			withPolicy(t, forget, func() error {
				return refused(editor(t).try(create, application(unitOffice, "early")), "applications", messageNotCompiled)
			})
			for _, app := range []*v1alpha1.Application{
				application(unitOffice, "early", decentral, bought, in("Operating"), transition("p", "2027-01-31")),
				application(unitOffice, "early", state(listedBasis), existing),
				application(unlabelled, "early"),
			} {
				mustRefuse(t, editor(t).try(create, app), "applications", messageNotCompiled)
			}
		})
	}
}

// TestPolicyMissing shows that without the policy nothing is admitted, and that
// what needs no policy goes on.
func TestPolicyMissing(t *testing.T) {
	const policy = "governancepolicies.kdz.mainz.de"
	c := admin(t)
	before := &v1alpha1.GovernancePolicy{}
	if err := c.Get(t.Context(), client.ObjectKey{Name: v1alpha1.PolicyName}, before); err != nil {
		t.Fatal(err)
	}
	restore := unbind(t, policy)
	eventually(t, "delete the policy", func() error { return c.Delete(t.Context(), before.DeepCopy()) })
	t.Cleanup(func() {
		again := &v1alpha1.GovernancePolicy{Spec: before.Spec}
		again.Name = before.Name
		if err := c.Create(as(t, "somebody", nil).ctx, again); err != nil {
			t.Fatal(err)
		}
		writePolicy(t, before)
		restore()
		awaitOrdinary(t)
	})
	eventually(t, "nothing is admitted", func() error {
		err := editor(t).try(create, application(unitOffice, "without-policy"))
		if err == nil || !strings.Contains(err.Error(), "no params found for policy binding with `Deny` parameterNotFoundAction") {
			return errors.Join(errors.New("want a refusal for want of params"), err)
		}
		return nil
	})
	mustAccept(t, writer(t).try(create, namespaceOf("without-policy", "")))
	mustRefuse(t, writer(t).try(create, exemption("without-policy")), "exemptions", messageExemption("grant", unitOffice))
}
