// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/tell/audit/audittest"
)

func (w *world) meta(name, application string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: w.Namespace, Name: name}
	if application != "" {
		m.Labels = map[string]string{v1alpha1.LabelApplication: application}
	}
	return m
}

func podTemplate() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "x"}},
		Spec:       corev1.PodSpec{RestartPolicy: corev1.RestartPolicyAlways, Containers: []corev1.Container{{Name: "c", Image: "registry.example/x"}}},
	}
}

func (w *world) deployment(name, application string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: w.meta(name, application), Spec: appsv1.DeploymentSpec{
		Replicas: ptr.To[int32](0), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}, Template: podTemplate(),
	}}
}

func (w *world) cronJob(name, application string) *batchv1.CronJob {
	template := podTemplate()
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	return &batchv1.CronJob{ObjectMeta: w.meta(name, application), Spec: batchv1.CronJobSpec{
		Schedule: "0 0 1 1 *", Suspend: new(true),
		JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template}},
	}}
}

func (w *world) httpRoute(name, application string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"})
	o.SetNamespace(w.Namespace)
	o.SetName(name)
	if application != "" {
		o.SetLabels(map[string]string{v1alpha1.LabelApplication: application})
	}
	return o
}

func TestShadowITIsFound(t *testing.T) {
	w := newWorld(t)
	retired := w.application("old")
	retired.Spec.Lifecycle = v1alpha1.LifecycleRetired
	w.Create(w.application("civento"), retired)
	parent := w.deployment("claimed", "civento")
	w.Create(parent)
	owned := w.deployment("owned", "")
	owned.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "Deployment", Name: parent.Name, UID: parent.UID, Controller: new(true),
	}}
	w.Create(owned, w.deployment("unclaimed", ""), w.deployment("of-old", "old"), w.cronJob("nightly", "elsewhere"))
	w.start()

	// Without a word of the policy nobody looks.
	applications := []string{passed("civento"), "Application/old NoLongerOperated pass info"}
	w.awaitTold(applications...)

	w.changePolicy(func(p *v1alpha1.GovernancePolicy) {
		p.Spec.Centralisation.Workloads = &v1alpha1.WorkloadPolicy{
			Enforcement: v1alpha1.EnforcementAudit, Resources: []v1alpha1.WorkloadResource{"deployments", "cronjobs"},
		}
	})
	const ofOld, nightly = "Deployment/of-old WorkloadOfRetiredApplication fail medium", "CronJob/nightly WorkloadUnknownApplication fail medium"
	w.awaitTold(append(applications, "Deployment/unclaimed WorkloadUnclaimed fail medium", ofOld, nightly)...)

	// Somebody answers for one of them, and another goes.
	controllertest.Alter(w.World, w.deployment("unclaimed", ""), func(d *appsv1.Deployment) {
		d.Labels = map[string]string{v1alpha1.LabelApplication: "civento"}
	})
	w.Must(w.Client.Delete(t.Context(), w.cronJob("nightly", "")))
	w.awaitTold(append(applications, ofOld)...)

	// A namespace of the cluster itself is left out.
	w.changePolicy(func(p *v1alpha1.GovernancePolicy) {
		p.Spec.Centralisation.Workloads.ExcludedNamespaces = []v1alpha1.NamespaceName{v1alpha1.NamespaceName(w.Namespace)}
	})
	w.awaitTold(applications...)
}

func TestANamespaceThatHoldsNothingButShadowITHasAReport(t *testing.T) {
	w := newWorld(t)
	w.changePolicy(func(p *v1alpha1.GovernancePolicy) {
		p.Spec.Centralisation.Workloads = &v1alpha1.WorkloadPolicy{Resources: []v1alpha1.WorkloadResource{"deployments"}}
	})
	w.start()
	w.Create(w.deployment("alone", ""))
	w.awaitTold("Deployment/alone WorkloadUnclaimed fail medium")
	// And the policy's word is taken back.
	w.changePolicy(func(p *v1alpha1.GovernancePolicy) { p.Spec.Centralisation.Workloads = nil })
	w.awaitTold()
}

// What may not be read keeps nobody waiting.
func TestWhatCannotBeReadIsSaid(t *testing.T) {
	w := newWorld(t)
	const blind = "kdz-operator-without-apps"
	w.Must(bind(t.Context(), w.Client, blind, func(r *rbacv1.PolicyRule) bool { return r.APIGroups[0] != "apps" }))
	w.Create(w.application("civento"), w.deployment("unclaimed", ""), w.cronJob("nightly", ""))
	w.changePolicy(func(p *v1alpha1.GovernancePolicy) {
		p.Spec.Centralisation.Workloads = &v1alpha1.WorkloadPolicy{Resources: []v1alpha1.WorkloadResource{"deployments", "cronjobs"}}
	})
	o := w.startAs(blind)
	w.awaitTold(passed("civento"), "CronJob/nightly WorkloadUnclaimed fail medium")
	if n := o.says("workloads cannot be read"); n != 1 {
		t.Errorf("it was said %d times that workloads cannot be read", n)
	}
}

func TestRoutesAreAuditedWhenTheClusterKnowsThem(t *testing.T) {
	w := newWorld(t)
	w.Create(w.deployment("unclaimed", ""))
	w.changePolicy(func(p *v1alpha1.GovernancePolicy) {
		p.Spec.Centralisation.Workloads = &v1alpha1.WorkloadPolicy{Resources: []v1alpha1.WorkloadResource{"deployments", "httproutes"}}
	})
	o := w.start()
	const unclaimed = "Deployment/unclaimed WorkloadUnclaimed fail medium"
	w.awaitTold(unclaimed)
	for range 3 {
		w.clock.Step(6 * time.Minute)
	}
	const absent = "does not serve: httproutes"
	if n := o.says(absent); n != 1 {
		t.Errorf("it was said %d times that there are no HTTPRoutes", n)
	}

	w.Must(controlplane.InstallCRDs(t.Context(), controlplanetest.Config(t), "testdata/httproutes.yaml"))
	w.await(func() string { // the API server serves what it defines a moment later
		if err := w.Client.Create(t.Context(), w.httpRoute("web", "")); err != nil && !apierrors.IsAlreadyExists(err) {
			return err.Error()
		}
		return ""
	})
	w.clock.Step(6 * time.Minute)
	w.awaitTold(unclaimed, "HTTPRoute/web WorkloadUnclaimed fail medium")

	w.uninstall("httproutes.gateway.networking.k8s.io")
	w.clock.Step(6 * time.Minute)
	w.awaitTold(unclaimed)
	w.await(func() string {
		if n := o.says(absent); n != 2 {
			return fmt.Sprintf("it was said %d times that there are no HTTPRoutes", n)
		}
		return ""
	})
}

// uninstall removes a definition and waits until it is served no more.
func (w *world) uninstall(name string) {
	w.Helper()
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	crd.SetName(name)
	w.Must(client.IgnoreNotFound(w.Client.Delete(w.Context(), crd)))
	w.await(func() string {
		if err := w.Client.Get(w.Context(), client.ObjectKeyFromObject(crd), crd); !apierrors.IsNotFound(err) {
			return name + " is still there"
		}
		return ""
	})
}

// Without a place for reports the audit goes on, says so once, and tells all as
// soon as there is one.
func TestReportsComeWithTheirDefinitions(t *testing.T) {
	w := newWorld(t)
	decentral := w.application("b")
	makeDecentral(decentral)
	w.Create(w.application("a"), decentral)
	names := []string{"reports.openreports.io", "clusterreports.openreports.io"}
	for _, name := range names {
		w.uninstall(name)
	}
	o := w.start()
	w.await(func() string {
		if n := o.metric(t, "centralisation", "Decentral"); n != 1 {
			return fmt.Sprintf("the metric says %v violate", n)
		}
		return ""
	})
	for range 3 {
		w.clock.Step(6 * time.Minute)
	}
	const absent, present = "openreports.io are not installed", "findings are told in reports"
	w.await(func() string {
		if n := o.says(absent); n != 1 {
			return fmt.Sprintf("it was said %d times that there is no place for reports", n)
		}
		return ""
	})

	install := func() {
		t.Helper()
		crds, err := audittest.CRDs(t.Context())
		w.Must(err)
		w.Must(controlplane.InstallCRDs(t.Context(), controlplanetest.Config(t), crds))
	}
	install()
	want := []string{passed("a"), "Application/b Decentral fail high"}
	w.clock.Step(6 * time.Minute)
	w.awaitTold(want...)
	if n := o.says(present); n != 1 {
		t.Errorf("it was said %d times that there is a place for reports", n)
	}

	// They go while the operator runs, and come back.
	for _, name := range names {
		w.uninstall(name)
	}
	// Long before it is time to look again, a write shows it.
	w.changeApplication("a", makeDecentral)
	w.await(func() string {
		if n := o.says(absent); n != 2 {
			return fmt.Sprintf("it was said %d times that there is no place for reports", n)
		}
		return ""
	})
	install()
	w.clock.Step(6 * time.Minute)
	w.awaitTold("Application/a Decentral fail high", "Application/b Decentral fail high")
}
