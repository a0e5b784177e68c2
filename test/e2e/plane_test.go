// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/internal/controlplane"
)

const (
	// operatorNamespace and operatorAccount are where and as whom the operator
	// runs when it is installed from config/default.
	operatorNamespace = "kdz-system"
	operatorAccount   = "kdz-operator"
)

// plane is a control plane on which everything of config/default and
// config/policy is installed but what needs a node.
type plane struct {
	t *testing.T
	*controlplane.ControlPlane
	// admin may do everything.
	admin client.WithWatch
	// operatorConfig is a kubeconfig file with no right but the operator's.
	operatorConfig string
	// closed is whether the admission policies are installed.
	closed bool
}

// startPlane starts a control plane for the test.
func startPlane(t *testing.T) *plane {
	t.Helper()
	return startPlaneWith(t, controlplane.Options{})
}

func startPlaneWith(t *testing.T, o controlplane.Options) *plane {
	t.Helper()
	p := startOpenPlane(t, o)
	p.closeDoor()
	return p
}

// startOpenPlane starts a control plane that admits whatever its schemas allow,
// until somebody closes the door.
func startOpenPlane(t *testing.T, o controlplane.Options) *plane {
	t.Helper()
	o.Assets = programs.assets
	cp, err := controlplane.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Err(); err != nil {
			t.Error("the control plane broke down:", err)
		}
		if err := cp.Stop(); err != nil {
			t.Error("stop the control plane:", err)
		}
	})
	p := &plane{t: t, ControlPlane: cp}
	if p.admin, err = client.NewWithWatch(cp.Config, client.Options{Scheme: controllers.Scheme()}); err != nil {
		t.Fatal(err)
	}
	if err := controlplane.InstallCRDs(t.Context(), cp.Config, filepath.Join(root, "config/crd/bases")); err != nil {
		t.Fatal(err)
	}
	p.install()
	account, err := cp.ServiceAccountConfig(t.Context(), operatorNamespace, operatorAccount)
	if err != nil {
		t.Fatal(err)
	}
	p.operatorConfig = filepath.Join(t.TempDir(), "operator.kubeconfig")
	if err := controlplane.WriteKubeconfig(account, p.operatorConfig); err != nil {
		t.Fatal(err)
	}
	return p
}

// elsewhere are the kinds of what is not installed with the rest: the operator
// that is tested runs outside, and closeDoor closes the door.
var elsewhere = []string{"Deployment", "Service", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}

// install applies config/default, as an installation does, but for those kinds.
func (p *plane) install() {
	p.t.Helper()
	rendered := p.kubectl("kustomize", filepath.Join(root, "config/default"))
	var kept []string
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
			p.t.Fatalf("config/default: %v", err)
		}
		if !slices.Contains(elsewhere, o.GetKind()) {
			kept = append(kept, document)
		}
	}
	file := filepath.Join(p.t.TempDir(), "installation.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(kept, "\n---\n")), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.kubectl("apply", "--server-side", "--force-conflicts", "-f", file)
}

// closeDoor installs the admission policies and the policy that they read. From
// then on an Application is admitted only where an operator has compiled it.
func (p *plane) closeDoor() {
	p.t.Helper()
	if err := p.InstallAdmission(p.t.Context(), filepath.Join(root, "config/admission")); err != nil {
		p.t.Fatal(err)
	}
	p.kubectl("apply", "--server-side", "-k", filepath.Join(root, "config/policy"))
	p.closed = true
}

// awaitCompiled returns when an operator has compiled the policy as it is now,
// with units that provide IT.
func (p *plane) awaitCompiled(units ...string) {
	p.t.Helper()
	poll(p.t, settleWithin, "compiled", func() (string, bool) {
		var policy v1alpha1.GovernancePolicy
		if err := p.admin.Get(p.t.Context(), client.ObjectKey{Name: v1alpha1.PolicyName}, &policy); err != nil {
			return err.Error(), false
		}
		s := policy.Status
		for _, unit := range units {
			if !slices.Contains(s.ProviderUnits, v1alpha1.ObjectName(unit)) {
				return fmt.Sprintf("unit %s provides IT, but known are %v", unit, s.ProviderUnits), false
			}
		}
		return fmt.Sprintf("at %s, generation %d of %d", s.CompiledAt, s.ObservedGeneration, policy.Generation),
			s.CompiledAt != nil && s.ObservedGeneration == policy.Generation
	})
}

// kubectl runs kubectl as administrator and returns what it printed.
func (p *plane) kubectl(args ...string) string {
	p.t.Helper()
	cmd := p.Kubectl(p.t.Context(), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// create creates objects.
func (p *plane) create(objects ...client.Object) {
	p.t.Helper()
	for _, o := range objects {
		if err := p.admin.Create(p.t.Context(), o); err != nil {
			p.t.Fatalf("create %T %s: %v", o, o.GetName(), err)
		}
	}
}

// newNamespace creates a namespace that belongs to a unit.
func (p *plane) newNamespace(name, unit string) {
	p.t.Helper()
	p.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelUnit: unit}}})
}

// newUnit is a unit of the data centre; parent may be empty.
func newUnit(name, parent string) *v1alpha1.OrganisationalUnit {
	unit := &v1alpha1.OrganisationalUnit{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.OrganisationalUnitSpec{
			Number: "16", Type: v1alpha1.UnitKDZ, DisplayName: v1alpha1.LocalisedText{EN: name},
		},
	}
	if parent != "" {
		unit.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
	}
	return unit
}

// newApplication is an Application that operates and that a unit answers for
// and operates.
func newApplication(namespace, name, unit string, endpoints ...v1alpha1.Endpoint) *v1alpha1.Application {
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApplicationSpec{
			DisplayName: v1alpha1.LocalisedText{EN: name},
			Origin:      v1alpha1.OriginExisting,
			Lifecycle:   v1alpha1.LifecycleOperating,
			Responsible: v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: v1alpha1.ObjectName(unit)}},
			Operation: v1alpha1.Operation{
				Provider: v1alpha1.ProviderKDZ, UnitRef: &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(unit)},
			},
			Protection: &v1alpha1.Protection{Availability: v1alpha1.ProtectionHigh},
			Endpoints:  endpoints,
		},
	}
}

// newServiceLevel agrees on 99.9 per cent around the clock.
func newServiceLevel(name string, period v1alpha1.CalendarPeriod) *v1alpha1.ServiceLevel {
	return &v1alpha1.ServiceLevel{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.ServiceLevelSpec{
			DisplayName: v1alpha1.LocalisedText{EN: name},
			Availability: v1alpha1.AvailabilityObjective{
				Objective: "99.9", Window: v1alpha1.AvailabilityWindow{Calendar: period},
			},
		},
	}
}

// requests is how many requests of a kind the API server has served, by verb
// and subresource ("PATCH status").
type requests map[string]int

// total of all of them.
func (r requests) total() int {
	sum := 0
	for _, n := range r {
		sum += n
	}
	return sum
}

// since is what was served after an earlier count.
func (r requests) since(earlier requests) requests {
	d := requests{}
	for k, n := range r {
		if n -= earlier[k]; n != 0 {
			d[k] = n
		}
	}
	return d
}

// writes reads from the API server's own metrics how many requests that write
// a resource it has served, whatever their result.
func (p *plane) writes(resource string) requests {
	p.t.Helper()
	return p.counted(resource, func(string) bool { return true })
}

// stored is writes without those that were refused, as conflicts are.
func (p *plane) stored(resource string) requests {
	p.t.Helper()
	return p.counted(resource, func(code string) bool { return strings.HasPrefix(code, "2") })
}

// counted reads how many requests that write a resource were answered with a
// code that counts.
func (p *plane) counted(resource string, counts func(code string) bool) requests {
	p.t.Helper()
	clients, err := kubernetes.NewForConfig(p.Config)
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := clients.RESTClient().Get().AbsPath("/metrics").DoRaw(p.t.Context())
	if err != nil {
		p.t.Fatal("the API server's metrics:", err)
	}
	counted := requests{}
	for _, s := range samples(p.t, body, "apiserver_request_total") {
		switch verb := s.labels["verb"]; {
		case s.labels["resource"] != resource || !counts(s.labels["code"]):
		case verb == "GET" || verb == "LIST" || verb == "WATCH" || verb == "CONNECT":
		default:
			counted[strings.TrimSpace(fmt.Sprint(verb, " ", s.labels["subresource"]))] += int(s.value)
		}
	}
	return counted
}
