// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// unclaimed is what the policies on workloads say.
const unclaimed = "all software in the cluster belongs to an Application: set the label kdz.mainz.de/application to the name of the Application of this namespace that it is part of, and declare that Application first if there is none"

const podTemplate = `
    metadata: {labels: {app: w}}
    spec: {containers: [{name: c, image: example.org/c}]}`

// workloadTexts are workloads without the label, by their resource.
var workloadTexts = map[v1alpha1.WorkloadResource]string{
	"deployments":  "apiVersion: apps/v1\nkind: Deployment\nspec:\n  selector: {matchLabels: {app: w}}\n  template:" + podTemplate,
	"statefulsets": "apiVersion: apps/v1\nkind: StatefulSet\nspec:\n  serviceName: w\n  selector: {matchLabels: {app: w}}\n  template:" + podTemplate,
	"daemonsets":   "apiVersion: apps/v1\nkind: DaemonSet\nspec:\n  selector: {matchLabels: {app: w}}\n  template:" + podTemplate,
	"cronjobs": "apiVersion: batch/v1\nkind: CronJob\nspec:\n  schedule: 0 1 * * *\n  jobTemplate:\n    spec:\n      template:\n" +
		"        spec: {restartPolicy: Never, containers: [{name: c, image: example.org/c}]}",
	"ingresses":  "apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {defaultBackend: {service: {name: w, port: {number: 80}}}}",
	"httproutes": "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nspec: {}",
}

// routeDefinition stands in for that of the Gateway API.
const routeDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: httproutes.gateway.networking.k8s.io
  annotations: {api-approved.kubernetes.io: "unapproved, a stand-in for tests"}
spec:
  group: gateway.networking.k8s.io
  scope: Namespaced
  names: {kind: HTTPRoute, listKind: HTTPRouteList, plural: httproutes, singular: httproute}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
`

// workload is one of a resource, with a value of the label, or without the
// label.
func workload(t *testing.T, resource v1alpha1.WorkloadResource, namespace string, application *string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(workloadTexts[resource]), &o.Object); err != nil {
		t.Fatal(err)
	}
	o.SetNamespace(namespace)
	o.SetName("workload")
	if application != nil {
		o.SetLabels(map[string]string{v1alpha1.LabelApplication: *application})
	}
	return o
}

// routes has the API server know HTTPRoutes, which come with a gateway, from now
// on.
func routes(t *testing.T) {
	t.Helper()
	crd := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(routeDefinition), &crd.Object); err != nil {
		t.Fatal(err)
	}
	if err := admin(t).Create(t.Context(), crd); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	eventually(t, "HTTPRoutes are served", func() error {
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion("gateway.networking.k8s.io/v1")
		list.SetKind("HTTPRouteList")
		return admin(t).List(t.Context(), list)
	})
}

// demand changes what the policy asks of workloads until the test ends.
func demand(t *testing.T, w *v1alpha1.WorkloadPolicy, seen func() error) {
	t.Helper()
	withPolicy(t, func(p *v1alpha1.GovernancePolicy) { p.Spec.Centralisation.Workloads = w }, seen)
}

// allWorkloads are all that the policy can ask the label of.
func allWorkloads() []v1alpha1.WorkloadResource {
	var all []v1alpha1.WorkloadResource
	for resource := range workloadTexts {
		all = append(all, resource)
	}
	slices.Sort(all)
	return all
}

func TestNothingIsDemandedOfWorkloadsByDefault(t *testing.T) {
	routes(t)
	for _, resource := range allWorkloads() {
		mustAccept(t, writer(t).try(create, workload(t, resource, unitOffice, nil)))
	}
}

func TestWorkloadsMustNameTheirApplication(t *testing.T) {
	routes(t)
	old := map[v1alpha1.WorkloadResource][2]*unstructured.Unstructured{}
	for _, resource := range allWorkloads() {
		old[resource] = [2]*unstructured.Unstructured{
			keptWorkload(t, workload(t, resource, unitOffice, nil)),
			keptWorkload(t, workload(t, resource, unitOffice, new("termine"))),
		}
	}
	bare := workload(t, "deployments", unitOffice, nil)
	demand(t, &v1alpha1.WorkloadPolicy{
		Enforcement: v1alpha1.EnforcementDeny, Resources: allWorkloads(), ExcludedNamespaces: []v1alpha1.NamespaceName{"amt-10"},
	}, func() error { return refused(writer(t).try(create, bare), "workloads", unclaimed) })
	for _, resource := range allWorkloads() {
		unnamed, named := old[resource][0], old[resource][1]
		relabel := func(o *unstructured.Unstructured, labels map[string]string) *unstructured.Unstructured {
			o = o.DeepCopy()
			if resource != "httproutes" {
				// The controllers of the cluster write its status beside us.
				o.SetResourceVersion("")
			}
			o.SetLabels(labels)
			o.SetAnnotations(map[string]string{"a": "b"})
			return o
		}
		label := func(v string) map[string]string { return map[string]string{v1alpha1.LabelApplication: v} }
		t.Run(string(resource), func(t *testing.T) {
			runEvidence(t, "workloads", []evidenceCase{
				{"without a label", writer(t), create, workload(t, resource, unitOffice, nil), unclaimed},
				{"with an empty label", writer(t), create, workload(t, resource, unitOffice, new("")), unclaimed},
				{"with a value that is no name", writer(t), create, workload(t, resource, unitOffice, new("My_App")), unclaimed},
				{"with a name", writer(t), create, workload(t, resource, unitOffice, new("termine")), ""},
				{"in an excluded namespace", writer(t), create, workload(t, resource, "amt-10", nil), ""},
				{"in a namespace of the cluster", writer(t), create, workload(t, resource, "kube-system", nil), ""},
				{"unnamed and edited", writer(t), update, relabel(unnamed, nil), ""},
				{"unnamed and named", writer(t), update, relabel(unnamed, label("termine")), ""},
				{"renamed", writer(t), update, relabel(named, label("wahlhelfer")), ""},
				{"label removed", writer(t), update, relabel(named, nil), unclaimed},
				{"label emptied", writer(t), update, relabel(named, label("")), unclaimed},
			})
		})
	}
	t.Run("scaled", func(t *testing.T) {
		scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 3}}
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: unitOffice, Name: old["deployments"][0].GetName()}}
		mustAccept(t, writer(t).client.SubResource("scale").Update(t.Context(), deployment, client.WithSubResourceBody(scale)))
	})
}

// keptWorkload stores a workload under a name of its own until the test ends.
func keptWorkload(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	o.SetGenerateName("workload-")
	o.SetName("")
	return stored(t, o)
}

func TestOnlyTheWorkloadsThatThePolicyLists(t *testing.T) {
	bare := workload(t, "statefulsets", unitOffice, nil)
	demand(t, &v1alpha1.WorkloadPolicy{
		Enforcement: v1alpha1.EnforcementDeny, Resources: []v1alpha1.WorkloadResource{"statefulsets"},
	}, func() error { return refused(writer(t).try(create, bare), "workloads", unclaimed) })
	mustAccept(t, writer(t).try(create, workload(t, "deployments", unitOffice, nil)))
}

func TestWorkloadsAreWarnedOf(t *testing.T) {
	w, warnings := listener(t)
	bare := workload(t, "deployments", unitOffice, nil)
	want := fmt.Sprintf("Validation failed for ValidatingAdmissionPolicy '%[1]s' with binding '%[1]s': %[2]s", "workloads-warn.kdz.mainz.de", unclaimed)
	said := func() error {
		warnings.take()
		if err := w.try(create, bare); err != nil {
			return err
		}
		if got := warnings.take(); !slices.Equal(got, []string{want}) {
			return fmt.Errorf("warned of %q, want %q", got, want)
		}
		return nil
	}
	demand(t, &v1alpha1.WorkloadPolicy{Enforcement: v1alpha1.EnforcementWarn, Resources: allWorkloads()}, said)
	mustAccept(t, w.try(create, workload(t, "deployments", unitOffice, new("termine"))))
	mustAccept(t, w.try(create, workload(t, "deployments", "kube-system", nil)))
	if got := warnings.take(); len(got) > 0 {
		t.Errorf("warned of %q, want nothing", got)
	}
}

// heard collects the warnings of the API server.
type heard struct {
	sync.Mutex
	warnings []string
}

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (h *heard) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	h.Lock()
	defer h.Unlock()
	h.warnings = append(h.warnings, text)
}

// take returns what was heard since it was last asked.
func (h *heard) take() []string {
	h.Lock()
	defer h.Unlock()
	taken := h.warnings
	h.warnings = nil
	return taken
}

// listener is a writer who hears the API server's warnings.
func listener(t *testing.T) (user, *heard) {
	t.Helper()
	u, h := writer(t), &heard{}
	config := controlplanetest.Config(t)
	config.Impersonate = rest.ImpersonationConfig{UserName: u.name, Groups: []string{"system:authenticated", roleWriter}}
	config.WarningHandlerWithContext = h
	c, err := client.New(config, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	u.client = c
	return u, h
}

// Whatever the policy says, the cluster can heal itself: its own namespaces are
// left out before anything can go wrong, and without a GovernancePolicy nothing
// is demanded.
func TestWorkloadsOfTheClusterAreLeftAlone(t *testing.T) {
	t.Parallel()
	for file, actions := range map[string][]any{
		"workloads.yaml": {"Deny"}, "workloads-warn.yaml": {"Warn", "Audit"}, "workloads-audit.yaml": {"Audit"},
	} {
		objects, err := readObjects(filepath.Join(policyFolder, file))
		if err != nil || len(objects) != 2 {
			t.Fatalf("%s: %d objects, %v", file, len(objects), err)
		}
		selector, _, err := unstructured.NestedMap(objects[0].Object, "spec", "matchConstraints", "namespaceSelector")
		if err != nil {
			t.Fatal(err)
		}
		own := map[string]any{"matchExpressions": []any{map[string]any{
			"key": "kubernetes.io/metadata.name", "operator": "NotIn",
			"values": []any{"kdz-system", "kube-node-lease", "kube-public", "kube-system"},
		}}}
		if diff := cmp.Diff(own, selector); diff != "" {
			t.Errorf("%s: namespaces (-want +got)\n%s", file, diff)
		}
		binding := map[string]any{
			"policyName":        objects[0].GetName(),
			"paramRef":          map[string]any{"name": "default", "parameterNotFoundAction": "Allow"},
			"validationActions": actions,
		}
		if diff := cmp.Diff(binding, objects[1].Object["spec"]); diff != "" {
			t.Errorf("%s: binding (-want +got)\n%s", file, diff)
		}
	}
}

// Without the operator's definitions, removed by mistake say, the policies have
// no paramKind. Workloads do not hang on that, in the namespaces of the cluster
// or in others. Another policy, which fails for lack of the same, shows that
// these were asked.
func TestTheClusterHealsItselfWithoutTheDefinitions(t *testing.T) {
	t.Parallel()
	cp, err := controlplane.Start(t.Context(), controlplane.Options{ControllerManager: controlplane.ControllerManagerOff})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(cp.Config, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"workloads.yaml", "workloads-warn.yaml", "workloads-audit.yaml"} {
		if err := createAll(t.Context(), c, filepath.Join(policyFolder, file)); err != nil {
			t.Fatal(err)
		}
	}
	canary := &admissionregistrationv1.ValidatingAdmissionPolicy{}
	if err := c.Get(t.Context(), client.ObjectKey{Name: "workloads.kdz.mainz.de"}, canary); err != nil {
		t.Fatal(err)
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(canary), binding); err != nil {
		t.Fatal(err)
	}
	canary.ObjectMeta, binding.ObjectMeta = metav1.ObjectMeta{Name: "canary"}, metav1.ObjectMeta{Name: "canary"}
	canary.Spec.FailurePolicy, binding.Spec.PolicyName = ptr.To(admissionregistrationv1.Fail), canary.Name
	canary.Spec.MatchConstraints.ResourceRules[0].Resources = []string{"deployments"}
	for _, o := range []client.Object{canary, binding} {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	try := func(resource v1alpha1.WorkloadResource, namespace string) error {
		return c.Create(t.Context(), workload(t, resource, namespace, nil), client.DryRunAll)
	}
	eventually(t, "the policies are asked", func() error {
		if err := try("deployments", "default"); err == nil || !strings.Contains(err.Error(), "paramKind") {
			return fmt.Errorf("the canary does not fail for lack of its paramKind: %w", err)
		}
		return nil
	})
	mustAccept(t, try("daemonsets", "default"))
	mustAccept(t, try("deployments", "kube-system"))
}

// What warns and what leaves a note demands what refuses.
func TestWorkloadTwinsDemandTheSame(t *testing.T) {
	t.Parallel()
	specs := map[string]*admissionregistrationv1.ValidatingAdmissionPolicySpec{}
	for _, f := range policyFiles(t) {
		specs[f.name] = &f.policy.Spec
	}
	for name, enforcement := range map[string]string{"workloads-warn": "'Warn'", "workloads-audit": "'Audit'"} {
		want := specs["workloads"].DeepCopy()
		for i := range want.Validations {
			want.Validations[i].Expression = strings.ReplaceAll(want.Validations[i].Expression, "'Deny'", enforcement)
		}
		if diff := cmp.Diff(want, specs[name]); diff != "" {
			t.Errorf("%s (-workloads +twin)\n%s", name, diff)
		}
	}
}
