// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/internal/controlplane"
)

const (
	// shortExpiry is until when an exemption holds that is to end in a test.
	shortExpiry = 6 * time.Second
	// refusedWithin is how long after its end that may be noticed: the API
	// server stamps whole seconds.
	refusedWithin = 3 * time.Second

	notProvided = "not provided by the KDZ"
)

// user is somebody with the rights that they were given.
type user struct {
	*plane
	name   string
	client client.Client
	config string
}

// newUser makes a user with ClusterRoles in namespaces.
func (p *plane) newUser(name string, roles, namespaces []string) *user {
	p.t.Helper()
	config, err := p.AddUser(name)
	if err != nil {
		p.t.Fatal(err)
	}
	u := &user{plane: p, name: name, config: filepath.Join(p.t.TempDir(), "kubeconfig")}
	if err := controlplane.WriteKubeconfig(config, u.config); err != nil {
		p.t.Fatal(err)
	}
	if u.client, err = client.New(config, client.Options{Scheme: controllers.Scheme()}); err != nil {
		p.t.Fatal(err)
	}
	binding, _, _ := strings.Cut(name, "@")
	for _, role := range roles {
		for _, namespace := range namespaces {
			p.kubectl("create", "rolebinding", "-n", namespace, binding+"-"+role, "--clusterrole="+role, "--user="+name)
		}
	}
	return u
}

// apply has the user apply an example, and returns what kubectl said.
func (u *user) apply(file string) (said string, err error) {
	return u.kubectl("apply", "--server-side", "-f", filepath.Join(root, "test/examples", file))
}

// kubectl runs kubectl as the user.
func (u *user) kubectl(args ...string) (said string, err error) {
	out, err := u.Kubectl(u.t.Context(), append([]string{"--kubeconfig", u.config}, args...)...).CombinedOutput()
	return string(out), err
}

func (u *user) mayApply(file string) {
	u.t.Helper()
	if out, err := u.apply(file); err != nil {
		u.t.Errorf("%s, applied by %s: %v\n%s", file, u.name, err, out)
	}
}

func (u *user) mayNotApply(file, words string) {
	u.t.Helper()
	if out, err := u.apply(file); err == nil || !strings.Contains(out, words) {
		u.t.Errorf("%s, applied by %s, should be refused with %q: %v\n%s", file, u.name, words, err, out)
	}
}

// verdictIs says what is missing until an Application has a verdict.
func verdictIs(want v1alpha1.Verdict) func(*v1alpha1.Application) string {
	return func(a *v1alpha1.Application) string {
		if a.Status.Centralisation == want {
			return ""
		}
		return fmt.Sprintf("the verdict is %q, want %s; %s", a.Status.Centralisation, want, describe(a))
	}
}

// exemptionIs says what is missing until an Exemption is known to admission.
func exemptionIs(want v1alpha1.ExemptionState) func(*v1alpha1.Exemption) string {
	return func(e *v1alpha1.Exemption) string {
		if e.Status.State == want && meta.IsStatusConditionTrue(e.Status.Conditions, v1alpha1.ConditionReady) {
			return ""
		}
		return fmt.Sprintf("it is %q, want %s and Ready: %+v", e.Status.State, want, e.Status.Conditions)
	}
}

// The acceptance examples of the rule behave as their comments say, for an
// ordinary editor of a namespace; and the door holds while nobody watches.
func TestRule(t *testing.T) {
	t.Parallel()
	p := startPlane(t)
	o := p.startOperator()
	p.apply("00-policy.yaml", "01-units.yaml", "09-rights.yaml")
	p.awaitCompiled("kdz-16", "kdz-16-03-04")
	editor := p.newUser("editor@example.org", []string{"kdz-editor"}, []string{"amt-10", "amt-33", "schulen"})
	round := p.newUser("steering-round@example.org", []string{"kdz-editor", "example-steering-round"}, []string{"amt-33"})

	t.Run("invalid", func(t *testing.T) { testInvalid(t, p.in(t), editor.name) })

	apps := p.lookAtApplications("")
	exemptions := look[*v1alpha1.Exemption](p, &v1alpha1.ExemptionList{})
	editor.mayApply("05-schools.yaml")
	apps.await(0, settleWithin, "lernplattform", "Exempt", verdictIs(v1alpha1.VerdictExempt))

	editor.mayNotApply("06b-exempted.yaml", notProvided)
	editor.mayNotApply("06a-exemption.yaml", "may not grant")
	began := time.Now()
	round.mayApply("06a-exemption.yaml")
	ready := exemptions.await(0, settleWithin, "wahlhelfer-app", "Active and Ready", exemptionIs(v1alpha1.ExemptionActive))
	t.Logf("granted: Ready seen after %.2f s", ready.at.Sub(began).Seconds())
	editor.mayApply("06b-exempted.yaml")
	apps.await(0, settleWithin, "wahlhelfer-app", "Exempt", verdictIs(v1alpha1.VerdictExempt))

	out, err := p.Kubectl(t.Context(), "delete", "itpolicy", v1alpha1.PolicyName).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is not deleted by anybody") {
		t.Errorf("the policy was deleted, or that was refused for another reason: %v\n%s", err, out)
	}
	for _, line := range []string{p.kubectl("get", "itpolicy"), p.kubectl("get", "itexempt", "-A")} {
		t.Log("\n" + line)
	}
	o.end()
	editor.testExpiry()
}

// testInvalid: every file of invalid, applied by an ordinary editor of its
// namespace, is refused with the words that it says it expects.
func testInvalid(t *testing.T, p *plane, editor string) {
	// A ServiceLevel is in no namespace, so that no editor of one may write it,
	// and RBAC says so; what is wrong with it is heard by who may write others.
	p.kubectl("create", "clusterrole", "example-writes", "--verb=get,create,patch", "--resource=servicelevels.kdz.mainz.de")
	p.kubectl("create", "clusterrolebinding", "example-writes", "--clusterrole=example-writes", "--user="+editor)
	u := p.newUser(editor, nil, nil)
	files, err := filepath.Glob(filepath.Join(root, "test/examples/invalid/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of invalid: %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, words, _ := strings.Cut(string(content), "expect: ")
		if words, _, _ = strings.Cut(words, "\n"); words == "" {
			t.Errorf("%s does not say what it expects", file)
			continue
		}
		u.mayNotApply(filepath.Join("invalid", filepath.Base(file)), words)
	}
}

// newOwn is an Application that the editor's unit has on its own.
func newOwn(name string, provider v1alpha1.Provider) *v1alpha1.Application {
	app := newApplication("amt-33", name, "amt-33")
	app.Spec.Origin, app.Spec.Lifecycle = v1alpha1.OriginProject, v1alpha1.LifecyclePlanned
	app.Spec.Operation = v1alpha1.Operation{Provider: provider}
	if provider == v1alpha1.ProviderKDZ {
		app.Spec.Operation.UnitRef = &v1alpha1.UnitReference{Name: "kdz-16-03-04"}
	}
	return app
}

// testExpiry: an exemption ends in the API server, whether an operator runs or
// not.
func (u *user) testExpiry() {
	u.t.Helper()
	ctx := u.t.Context()
	late := newOwn("late", v1alpha1.ProviderDecentral)
	u.turns(late.Name, "CREATE of a decentral Application", func() error {
		return u.client.Create(ctx, late.DeepCopy(), client.DryRunAll)
	})
	moves := newOwn("moves", v1alpha1.ProviderKDZ)
	if err := u.client.Create(ctx, moves); err != nil {
		u.t.Fatal(err)
	}
	moves.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
	u.turns(moves.Name, "UPDATE from KDZ to Decentral", func() error {
		return u.client.Update(ctx, moves.DeepCopy(), client.DryRunAll)
	})

	// What is decentral already stays editable, but does not come back.
	u.exempt("wahlhelfer-app", time.Now().Add(-time.Hour))
	poll(u.t, settleWithin, "refused anew", func() (string, bool) {
		err := u.client.Create(ctx, newOwn("wahlhelfer-app", v1alpha1.ProviderDecentral), client.DryRunAll)
		return fmt.Sprint(err), apierrors.IsForbidden(err)
	})
	stays := &v1alpha1.Application{}
	if err := u.client.Get(ctx, client.ObjectKey{Namespace: "amt-33", Name: "wahlhelfer-app"}, stays); err != nil {
		u.t.Fatal(err)
	}
	stays.Spec.Description = "The exemption is over."
	if err := u.client.Update(ctx, stays); err != nil {
		u.t.Errorf("what is decentral already should stay editable: %v", err)
	}
	if err := u.client.Delete(ctx, stays); err != nil {
		u.t.Fatal(err)
	}
	u.mayNotApply("06b-exempted.yaml", notProvided)
}

// turns: what is exempt for a short while is admitted until then, and refused
// from then on.
func (u *user) turns(name, what string, try func() error) {
	u.t.Helper()
	until := time.Now().Add(shortExpiry).Truncate(time.Second)
	u.exempt(name, until)
	poll(u.t, shortExpiry, "admitted: "+what, func() (string, bool) {
		err := try()
		return fmt.Sprint(err), err == nil
	})
	var refused error
	poll(u.t, shortExpiry+refusedWithin, "refused: "+what, func() (string, bool) {
		refused = try()
		return "it is admitted", refused != nil
	})
	now := time.Now()
	if !apierrors.IsForbidden(refused) || !strings.Contains(refused.Error(), notProvided) {
		u.t.Errorf("%s: refused for another reason: %v", what, refused)
	}
	if now.Before(until) || now.After(until.Add(refusedWithin)) {
		u.t.Errorf("%s: first refused at %s, but exempt until %s", what, now, until)
	}
	u.t.Logf("%s: refused %.2f s after the end, with no operator", what, now.Sub(until).Seconds())
}

// exempt writes what the operator writes when it has compiled an Exemption,
// with an end that no Exemption has: they end with a day.
func (u *user) exempt(name string, until time.Time) {
	u.t.Helper()
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"exemptionIndex": map[string]any{
		"amt-33/" + name: until.UTC().Format(time.RFC3339),
	}}})
	if err != nil {
		u.t.Fatal(err)
	}
	policy := &v1alpha1.GovernancePolicy{}
	policy.Name = v1alpha1.PolicyName
	if err := u.admin.Status().Patch(u.t.Context(), policy, client.RawPatch(types.MergePatchType, patch)); err != nil {
		u.t.Fatal(err)
	}
}
