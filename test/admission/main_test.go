// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

const (
	root             = "../.."
	crdFolder        = root + "/config/crd/bases"
	policyFolder     = root + "/config/admission"
	catalogueFolder  = root + "/config/samples/mainz/00-policy-and-units"
	editorRoleFile   = root + "/config/rbac/editor_role.yaml"
	schoolsNamespace = "schulen"
)

// patience bounds how long a condition is awaited, and pause is how often it is
// looked at.
const (
	patience = 40 * time.Second
	pause    = 25 * time.Millisecond
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	folder, err := os.MkdirTemp("", "kdz-admission-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}()
	args, err := auditArgs(folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return controlplanetest.Run(m, controlplane.Options{APIServerArgs: args}, setUp)
}

// setUp installs all that the door needs, in the order in which it is installed
// in life: definitions, the policy and the units of Mainz, what the operator
// would compile of them, and last the door.
func setUp(ctx context.Context, cp *controlplane.ControlPlane) error {
	if err := controlplane.InstallCRDs(ctx, cp.Config, crdFolder); err != nil {
		return err
	}
	c, err := newClient(cp.Config)
	if err != nil {
		return err
	}
	for _, file := range []string{"policy.yaml", "namespaces.yaml", "units.yaml"} {
		if err := createAll(ctx, c, filepath.Join(catalogueFolder, file)); err != nil {
			return err
		}
	}
	if err := c.Create(ctx, namespaceOf(schoolsNamespace, "amt-40-edu")); err != nil {
		return err
	}
	if err := compilePolicy(ctx, c); err != nil {
		return err
	}
	if err := createRoles(ctx, c); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(policyFolder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		if err := createAll(ctx, c, file); err != nil {
			return err
		}
	}
	return awaitPolicies(ctx, c)
}

// newClient makes a client that knows Kubernetes' own kinds and ours.
func newClient(config *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return client.New(config, client.Options{Scheme: scheme})
}

// createAll creates the objects of a file.
func createAll(ctx context.Context, c client.Client, file string) error {
	objects, err := readObjects(file)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := c.Create(ctx, o); err != nil {
			return fmt.Errorf("%s: %s %s: %w", file, o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// readObjects reads the objects of a YAML file.
func readObjects(file string) ([]*unstructured.Unstructured, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), len(raw))
	var objects []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(o)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}

// namespaceOf is a namespace of a unit, or of none.
func namespaceOf(name, unit string) *corev1.Namespace {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if unit != "" {
		ns.Labels = map[string]string{v1alpha1.LabelUnit: unit}
	}
	return ns
}

// awaitPolicies returns when the API server acts on all policies that are
// installed. It reads them in one go, so a further one that acts shows that all
// before it do.
func awaitPolicies(ctx context.Context, c client.Client) error {
	const name = "marker.test"
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: ptr.To(admissionregistrationv1.Fail),
			MatchConstraints: &admissionregistrationv1.MatchResources{
				ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{
					RuleWithOperations: admissionregistrationv1.RuleWithOperations{
						Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
						Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
					},
				}},
			},
			Validations: []admissionregistrationv1.Validation{{Expression: "object.metadata.name != '" + name + "'"}},
		},
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName:        name,
			ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}
	for _, o := range []client.Object{policy, binding} {
		if err := c.Create(ctx, o); err != nil {
			return err
		}
	}
	err := wait.PollUntilContextTimeout(ctx, pause, patience, true, func(ctx context.Context) (bool, error) {
		marker := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name}}
		return c.Create(ctx, marker, client.DryRunAll) != nil, nil
	})
	if err != nil {
		return fmt.Errorf("the API server does not act on policies: %w", err)
	}
	return errors.Join(c.Delete(ctx, binding), c.Delete(ctx, policy))
}
