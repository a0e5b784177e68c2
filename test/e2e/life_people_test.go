// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// example is the object of a kind in an example.
func example[T any](t *testing.T, file, kind string) *T {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "test/examples", file))
	if err != nil {
		t.Fatal(err)
	}
	for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
		if bytes.Contains(document, []byte("\nkind: "+kind+"\n")) {
			o := new(T)
			if err := yaml.UnmarshalStrict(document, o); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			return o
		}
	}
	t.Fatalf("%s has no %s", file, kind)
	return nil
}

// update changes an object as a user.
func update(u *user, key client.ObjectKey, o client.Object, change func()) {
	u.t.Helper()
	poll(u.t, settleWithin, "changed", func() (string, bool) {
		if err := u.client.Get(u.t.Context(), key, o); err != nil {
			u.t.Fatal(err)
		}
		change()
		err := u.client.Update(u.t.Context(), o)
		if err != nil && !apierrors.IsConflict(err) {
			u.t.Fatalf("%s changes %s: %v", u.name, key, err)
		}
		return fmt.Sprint(err), err == nil
	})
}

// does changes the project as a user who may.
func (u *user) does(change func(*v1alpha1.ProjectSpec)) {
	u.t.Helper()
	project := &v1alpha1.Project{}
	update(u, client.ObjectKey{Namespace: lifeNamespace, Name: lifeProject}, project, func() { change(&project.Spec) })
}

// mayNot fails the test unless the user is refused to change the project, with
// these words.
func (u *user) mayNot(words string, change func(*v1alpha1.ProjectSpec)) {
	u.t.Helper()
	project := &v1alpha1.Project{}
	var refused error
	poll(u.t, settleWithin, "refused", func() (string, bool) {
		if err := u.client.Get(u.t.Context(), client.ObjectKey{Namespace: lifeNamespace, Name: lifeProject}, project); err != nil {
			u.t.Fatal(err)
		}
		change(&project.Spec)
		refused = u.client.Update(u.t.Context(), project, client.DryRunAll)
		return fmt.Sprint(refused), !apierrors.IsConflict(refused)
	})
	if refused == nil || !strings.Contains(refused.Error(), words) {
		u.t.Errorf("%s should be refused with %q: %v", u.name, words, refused)
	}
}

// mayNotSign fails the test unless the user is refused to sign for Operations
// with this change, with these words.
func (u *user) mayNotSign(words string, change func(*v1alpha1.SignOffSpec)) {
	u.t.Helper()
	h := &v1alpha1.Handover{}
	if err := u.admin.Get(u.t.Context(), client.ObjectKey{Namespace: lifeNamespace, Name: lifeHandover}, h); err != nil {
		u.t.Fatal(err)
	}
	s := &v1alpha1.SignOff{
		ObjectMeta: metav1.ObjectMeta{Namespace: lifeNamespace, Name: "refused"},
		Spec: v1alpha1.SignOffSpec{
			HandoverRef: v1alpha1.LocalHandoverReference{Name: lifeHandover}, Role: v1alpha1.RoleOperations, Outcome: v1alpha1.SignOffAccepted,
			ContentHash: h.Status.ContentHash, SignedBy: v1alpha1.UserName(u.name), SignedAt: v1alpha1.Moment(time.Now().Format(time.RFC3339)),
		},
	}
	change(&s.Spec)
	if err := u.client.Create(u.t.Context(), s); err == nil || !strings.Contains(err.Error(), words) {
		u.t.Errorf("%s should be refused with %q: %v", u.name, words, err)
	}
}

// mayRun runs the plugin as a user.
func (u *user) mayRun(args ...string) {
	u.t.Helper()
	if out, err := u.run(args...); err != nil {
		u.t.Fatalf("kubectl kdz %s, by %s: %v\n%s", strings.Join(args, " "), u.name, err, out)
	}
}

// mayNotRun fails the test unless the plugin refuses, or is refused, with these
// words.
func (u *user) mayNotRun(words string, args ...string) {
	u.t.Helper()
	if out, err := u.run(args...); err == nil || !strings.Contains(out, words) {
		u.t.Errorf("kubectl kdz %s, by %s, should be refused with %q: %v\n%s", strings.Join(args, " "), u.name, words, err, out)
	}
}

// run runs the plugin as a user, in the namespace of the project.
func (u *user) run(args ...string) (said string, err error) {
	out, err := exec.CommandContext(u.t.Context(), programs.plugin, append(slices.Clone(args), "--kubeconfig", u.config, "-n", lifeNamespace)...).CombinedOutput()
	return string(out), err
}

// isEvidence fails the test unless what kubectl is to do is refused, even to an
// administrator.
func (l *life) isEvidence(args ...string) {
	l.t.Helper()
	if out, err := l.Kubectl(l.t.Context(), args...).CombinedOutput(); err == nil || !strings.Contains(string(out), "evidence") {
		l.t.Errorf("kubectl %s should be refused, since it is evidence: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// appliedTenTimes applies the handover as a pipeline does, ten times.
func (l *life) appliedTenTimes(h *v1alpha1.Handover) {
	l.t.Helper()
	content, err := yaml.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "Handover",
		"metadata": map[string]any{"name": h.Name, "namespace": h.Namespace}, "spec": h.Spec,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	file := filepath.Join(l.t.TempDir(), "handover.yaml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		l.t.Fatal(err)
	}
	for range 10 {
		if out, err := l.editor.kubectl("apply", "--server-side", "-f", file); err != nil {
			l.t.Fatalf("%v\n%s", err, out)
		}
	}
}

// reaches awaits that the project is in a stage, and that these are missing.
func (l *life) reaches(stage v1alpha1.ProjectStage, missing ...string) *v1alpha1.Project {
	l.t.Helper()
	return l.projects.await(0, settleWithin, lifeProject, string(stage), func(p *v1alpha1.Project) string {
		if p.Status.Stage != stage || !names(p.Status.Missing, missing) {
			return fmt.Sprintf("the stage is %q, missing is %+v", p.Status.Stage, p.Status.Missing)
		}
		return ""
	}).object
}

// at says what is wanting until a handover is in a stage, and these are missing.
func (l *life) at(stage v1alpha1.HandoverStage, missing ...string) func(*v1alpha1.Handover) string {
	return func(h *v1alpha1.Handover) string {
		if h.Status.Stage != stage || !names(h.Status.Missing, missing) {
			return fmt.Sprintf("the stage is %q, results are %+v, missing is %+v", h.Status.Stage, h.Status.Results, h.Status.Missing)
		}
		return ""
	}
}

// signed says what is wanting until so many signatures count, and so many do
// not.
func (l *life) signed(count, void int) func(*v1alpha1.Handover) string {
	return func(h *v1alpha1.Handover) string {
		got := 0
		for i := range h.Status.SignOffs {
			if h.Status.SignOffs[i].Void {
				got++
			}
		}
		if got != void || len(h.Status.SignOffs) != count+void {
			return fmt.Sprintf("signed is %+v", h.Status.SignOffs)
		}
		return ""
	}
}

// handedOver says what is wanting until an Application tells how far its
// handover is.
func (l *life) handedOver(status metav1.ConditionStatus, reason string) func(*v1alpha1.Application) string {
	return func(a *v1alpha1.Application) string {
		c := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionHandedOver)
		if c == nil || c.Status != status || c.Reason != reason {
			return fmt.Sprintf("HandedOver is %+v", c)
		}
		return ""
	}
}

// names says whether all of these are missing.
func names(missing []v1alpha1.MissingItem, reasons []string) bool {
	for _, reason := range reasons {
		if !slices.ContainsFunc(missing, func(m v1alpha1.MissingItem) bool { return m.Reason == reason }) {
			return false
		}
	}
	return true
}
