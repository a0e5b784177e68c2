// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// policyFile is a file of config/admission.
type policyFile struct {
	name    string
	policy  admissionregistrationv1.ValidatingAdmissionPolicy
	binding admissionregistrationv1.ValidatingAdmissionPolicyBinding
}

// policyFiles reads all files, each of which holds a policy and its binding.
func policyFiles(t *testing.T) []policyFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(policyFolder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var files []policyFile
	for _, path := range paths {
		name := filepath.Base(path)
		if name == "kustomization.yaml" {
			continue
		}
		objects, err := readObjects(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(objects) != 2 {
			t.Fatalf("%s has %d objects, want a policy and its binding", name, len(objects))
		}
		f := policyFile{name: strings.TrimSuffix(name, ".yaml")}
		convert := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation
		if err := errors.Join(convert(objects[0].Object, &f.policy, true), convert(objects[1].Object, &f.binding, true)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		files = append(files, f)
	}
	return files
}

// TestPoliciesHaveOneShape shows that what is said once for all policies holds
// for each.
func TestPoliciesHaveOneShape(t *testing.T) {
	t.Parallel()
	for _, f := range policyFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			want := f.name + ".kdz.mainz.de"
			if f.policy.Name != want || f.binding.Name != want || f.binding.Spec.PolicyName != want {
				t.Errorf("policy %s, binding %s of %s, want all to be %s", f.policy.Name, f.binding.Name, f.binding.Spec.PolicyName, want)
			}
			onFailure := admissionregistrationv1.Fail
			if strings.HasPrefix(f.name, "workloads") {
				onFailure = admissionregistrationv1.Ignore // the cluster must not hang on us
			}
			if got := ptr.Deref(f.policy.Spec.FailurePolicy, ""); got != onFailure {
				t.Errorf("failurePolicy is %s, not %s", got, onFailure)
			}
			if hasParams := f.policy.Spec.ParamKind != nil; hasParams != (f.binding.Spec.ParamRef != nil) {
				t.Error("the policy and its binding disagree on whether there are params")
			} else if hasParams && f.binding.Spec.ParamRef.Name != "default" {
				t.Errorf("paramRef names %s", f.binding.Spec.ParamRef.Name)
			}
			// With a wildcard there is no type checking.
			for _, rule := range f.policy.Spec.MatchConstraints.ResourceRules {
				if slices.Contains(rule.APIGroups, "*") || slices.Contains(rule.APIVersions, "*") {
					t.Errorf("matches any version of %v: name it", rule.APIGroups)
				}
			}
			checkValidations(t, f)
		})
	}
}

func checkValidations(t *testing.T, f policyFile) {
	t.Helper()
	denies := slices.Contains(f.binding.Spec.ValidationActions, admissionregistrationv1.Deny)
	if denies && len(f.binding.Spec.ValidationActions) > 1 {
		t.Errorf("Deny is bound together with something else: %v", f.binding.Spec.ValidationActions)
	}
	for i, v := range f.policy.Spec.Validations {
		if ptr.Deref(v.Reason, "") != metav1.StatusReasonForbidden {
			t.Errorf("validation %d: reason is not Forbidden, and a client may take that for a reason to re-create the object", i)
		}
		if v.Message == "" && v.MessageExpression == "" {
			t.Errorf("validation %d says nothing", i)
		}
		if strings.Contains(v.Message+v.MessageExpression, "\n") {
			t.Errorf("validation %d: a message of several lines is thrown away", i)
		}
		if strings.Contains(v.MessageExpression, "authorizer") {
			t.Errorf("validation %d: there is no authorizer in a messageExpression", i)
		}
		for _, used := range usedVariables(f, v.MessageExpression) {
			if strings.Contains(used.Expression, "authorizer") {
				t.Errorf("validation %d: its messageExpression needs %s, and there is no authorizer in there", i, used.Name)
			}
		}
	}
}

var variableUse = regexp.MustCompile(`variables\.(\w+)`)

// usedVariables are the variables that an expression needs, directly or not.
func usedVariables(f policyFile, expression string) []admissionregistrationv1.Variable {
	var used []admissionregistrationv1.Variable
	for _, match := range variableUse.FindAllStringSubmatch(expression, -1) {
		i := slices.IndexFunc(f.policy.Spec.Variables, func(v admissionregistrationv1.Variable) bool { return v.Name == match[1] })
		if i >= 0 {
			used = append(used, f.policy.Spec.Variables[i])
			used = append(used, usedVariables(f, f.policy.Spec.Variables[i].Expression)...)
		}
	}
	return used
}

// TestVariablesMeanTheSame shows that a variable means the same in every policy,
// and that each is used.
func TestVariablesMeanTheSame(t *testing.T) {
	t.Parallel()
	meanings := map[string]string{}
	for _, f := range policyFiles(t) {
		var all strings.Builder
		for _, v := range f.policy.Spec.Validations {
			all.WriteString(v.Expression + " " + v.MessageExpression + " ")
		}
		for _, a := range f.policy.Spec.AuditAnnotations {
			all.WriteString(a.ValueExpression + " ")
		}
		used := usedVariables(f, all.String())
		for _, v := range f.policy.Spec.Variables {
			if known, ok := meanings[v.Name]; ok && known != v.Expression {
				t.Errorf("%s: variable %s is\n%s\nelsewhere\n%s", f.name, v.Name, v.Expression, known)
			}
			meanings[v.Name] = v.Expression
			if !slices.ContainsFunc(used, func(u admissionregistrationv1.Variable) bool { return u.Name == v.Name }) {
				t.Errorf("%s: variable %s is not used", f.name, v.Name)
			}
		}
	}
}

// TestTwinsSayTheSame shows that what warns and what leaves a note demands what
// refuses, with the same words.
func TestTwinsSayTheSame(t *testing.T) {
	t.Parallel()
	files := map[string]policyFile{}
	for _, f := range policyFiles(t) {
		files[f.name] = f
	}
	main := files["applications"].policy.Spec.Validations
	for name, actions := range map[string][]admissionregistrationv1.ValidationAction{
		"applications-warn":  {admissionregistrationv1.Warn, admissionregistrationv1.Audit},
		"applications-audit": {admissionregistrationv1.Audit},
	} {
		validations := files[name].policy.Spec.Validations
		if len(validations) != 1 || !strings.HasSuffix(main[len(main)-1].MessageExpression, validations[0].MessageExpression[len("variables.boughtAnew"):]) {
			t.Errorf("%s does not say what applications says", name)
		}
		if diff := cmp.Diff(actions, files[name].binding.Spec.ValidationActions); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestPoliciesAreTypeChecked shows that the type checker, which knows the
// schema of what a policy is about, warns of nothing in it; and, lest that prove
// nothing, that it would warn of a field that does not exist.
func TestPoliciesAreTypeChecked(t *testing.T) {
	t.Parallel()
	if !controlplanetest.Shared(t).HasControllerManager() {
		t.Fatal("this control plane has no controller manager, which checks types: leave KUBEBUILDER_ASSETS unset")
	}
	for _, f := range policyFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			for _, w := range typeChecked(t, f.policy.Name) {
				t.Errorf("%s: %s", w.FieldRef, w.Warning)
			}
			if f.name == "workloads" || strings.HasPrefix(f.name, "workloads-") {
				return // some of what they are about is not installed here
			}
			wrong := &admissionregistrationv1.ValidatingAdmissionPolicy{
				ObjectMeta: metav1.ObjectMeta{Name: "wrong-" + f.policy.Name}, Spec: *f.policy.Spec.DeepCopy(),
			}
			wrong.Spec.Validations = []admissionregistrationv1.Validation{{Expression: "object.spec.noSuchField == ''"}}
			stored(t, wrong)
			if len(typeChecked(t, wrong.Name)) == 0 {
				t.Error("a field that does not exist is not warned of, so nobody knows its schema")
			}
		})
	}
}

// typeChecked returns what the type checker warns of in a policy.
func typeChecked(t *testing.T, name string) []admissionregistrationv1.ExpressionWarning {
	t.Helper()
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
	eventually(t, "type checking of "+name, func() error {
		if err := admin(t).Get(t.Context(), client.ObjectKey{Name: name}, policy); err != nil {
			return err
		}
		if policy.Status.ObservedGeneration != policy.Generation || policy.Status.TypeChecking == nil {
			return errors.New("not looked at yet")
		}
		return nil
	})
	return policy.Status.TypeChecking.ExpressionWarnings
}

// TestKustomizationListsAllPolicies shows that what is tested is what is
// installed.
func TestKustomizationListsAllPolicies(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(policyFolder, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var kustomization struct {
		Resources []string `json:"resources"`
	}
	if err := yaml.Unmarshal(raw, &kustomization); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range policyFiles(t) {
		want = append(want, f.name+".yaml")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, kustomization.Resources); diff != "" {
		t.Errorf("resources (-files +listed):\n%s", diff)
	}
}

// TestPageNamesAllPolicies shows that a user who is refused finds the policy on
// the page about admission.
func TestPageNamesAllPolicies(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs/spec/admission.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range policyFiles(t) {
		if !strings.Contains(string(page), "`"+f.policy.Name+"`") {
			t.Errorf("docs/spec/admission.md does not name %s", f.policy.Name)
		}
	}
}
