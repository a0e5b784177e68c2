// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
)

// gatekeeperWithin bounds how long Gatekeeper may take to have compiled the
// rule, and be asked.
const gatekeeperWithin = 2 * time.Minute

// gatekeeperRule is the rule as Gatekeeper can have it: by the object and what
// was compiled, without the rights of who asks and without a clock.
const gatekeeperRule = `
package kdz

unit := object.get(input.review.object.spec.operation, ["unitRef", "name"], "")

violation[{"msg": msg}] {
	input.review.object.spec.operation.provider == "KDZ"
	not input.parameters.units[unit]
	msg := sprintf("unit %v is not a KDZ unit: with provider KDZ, spec.operation.unitRef names the unit of the KDZ that operates it", [unit])
}

violation[{"msg": msg}] {
	input.review.object.spec.operation.provider == "Decentral"
	name := sprintf("%v/%v", [input.review.object.metadata.namespace, input.review.object.metadata.name])
	not input.parameters.exemptions[name]
	msg := "this application is not provided by the KDZ, and all IT of the city is"
}

violation[{"msg": msg}] {
	input.review.object.spec.responsible.unitRef.name != input.review.object.metadata.namespace
	msg := "the namespace belongs to another unit"
}
`

// findGatekeeper builds Gatekeeper if need be, and returns its path and the
// folder of its CustomResourceDefinitions.
func findGatekeeper(ctx context.Context) (program, crds string, err error) {
	out, err := exec.CommandContext(ctx, "make", "-s", "--no-print-directory", "gatekeeper").Output()
	if err != nil {
		return "", "", fmt.Errorf("make gatekeeper: %w: %s", err, stderrOf(err))
	}
	lines := strings.Fields(string(out))
	if len(lines) != 2 {
		return "", "", fmt.Errorf("make gatekeeper says %q", out)
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", lines[1])
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err = cmd.Output(); err != nil {
		return "", "", fmt.Errorf("%s: %w: %s", lines[1], err, stderrOf(err))
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", "", err
	}
	return lines[0], filepath.Join(module.Dir, "charts", "gatekeeper", "crds"), nil
}

// stderrOf is what a program complained of.
func stderrOf(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return strings.TrimSpace(string(exit.Stderr))
	}
	return ""
}

// gatekeeper is a control plane with Gatekeeper.
func (d *doors) gatekeeper(ctx context.Context) (leg, error) {
	d.bench.say("  Gatekeeper: building it, the first time some minutes")
	program, crds, err := findGatekeeper(ctx)
	if err != nil {
		return nil, err
	}
	p, err := d.bench.startOpenPlane(ctx, false)
	if err != nil {
		return nil, err
	}
	h := &hook{path: "/v1/admit"}
	if err := h.prepare(d.bench.dir, "tls.crt", "tls.key"); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	process, err := h.gatekeeper(ctx, p, program, crds)
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	d.stops = append(d.stops, process.stop)
	leg, err := d.editor(ctx, p, []int{process.pid()})
	if err != nil {
		return nil, err
	}
	return leg, h.rule(ctx, p)
}

// gatekeeper starts Gatekeeper.
func (h *hook) gatekeeper(ctx context.Context, p *plane, program, crds string) (*process, error) {
	if err := controlplane.InstallCRDs(ctx, p.Config, crds); err != nil {
		return nil, err
	}
	if _, err := p.kubectl(ctx, "create", "namespace", "gatekeeper-system"); err != nil {
		return nil, err
	}
	health, err := freePort()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(h.task.Address)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "--operation=webhook", "--operation=generate", "--host="+host, "--port="+port, "--cert-dir="+h.task.Dir, "--disable-cert-rotation",
		"--health-addr="+health, "--kubeconfig="+p.Kubeconfig(), "--debug-use-fake-pod", "--log-level=ERROR", "--shutdown-delay=0")
	cmd.Env = append(os.Environ(), "POD_NAME=gatekeeper", "POD_NAMESPACE=gatekeeper-system", "NAMESPACE=gatekeeper-system")
	process, err := start(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return process, process.until(ctx, func() bool {
		answer, err := http.Get("http://" + health + "/healthz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// rule gives Gatekeeper the rule, and returns when it is asked and refuses what
// breaks it.
func (h *hook) rule(ctx context.Context, p *plane) error {
	exemptions := map[string]bool{}
	for name := range exemptionsOf(fewExemptions) {
		exemptions[name] = true
	}
	if err := p.apply(ctx, map[string]any{
		"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": map[string]any{"name": "kdzcentralisation"},
		"spec": map[string]any{
			"crd": map[string]any{"spec": map[string]any{
				"names":      map[string]any{"kind": "KDZCentralisation"},
				"validation": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
			"targets": []any{map[string]any{"target": "admission.k8s.gatekeeper.sh", "rego": gatekeeperRule}},
		},
	}); err != nil {
		return err
	}
	err := eventually(ctx, 100*time.Millisecond, gatekeeperWithin, "defined", func() (bool, error) {
		_, err := p.kubectl(ctx, "wait", "--for=condition=Established", "--timeout=1s", "crd/kdzcentralisation.constraints.gatekeeper.sh")
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	if err := p.apply(ctx, map[string]any{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "KDZCentralisation", "metadata": map[string]any{"name": "default"},
		"spec": map[string]any{
			"match":      map[string]any{"kinds": []any{map[string]any{"apiGroups": []string{v1alpha1.GroupVersion.Group}, "kinds": []string{"Application"}}}},
			"parameters": map[string]any{"units": map[string]bool{rootUnit: true, officeUnit: true}, "exemptions": exemptions},
		},
	}); err != nil {
		return err
	}
	if _, err := p.raw.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx, h.configuration("gatekeeper"), metav1.CreateOptions{}); err != nil {
		return err
	}
	return eventually(ctx, 100*time.Millisecond, gatekeeperWithin, "enforced by Gatekeeper", func() (bool, error) {
		app := plannedApplication(officeUnit, 0)
		app.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
		err := p.admin.Create(ctx, app, client.DryRunAll)
		if apierrors.IsForbidden(err) {
			return true, nil
		}
		return false, client.IgnoreNotFound(err)
	})
}

// apply applies an object.
func (p *plane) apply(ctx context.Context, object map[string]any) error {
	content, err := yaml.Marshal(object)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "object-*.yaml")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.Write(content); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	_, err = p.kubectl(ctx, "apply", "--server-side", "-f", file.Name())
	return err
}

// configuration has the API server ask the webhook of each Application.
func (h *hook) configuration(name string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	url := "https://" + h.task.Address + h.path
	none := admissionregistrationv1.SideEffectClassNone
	return &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:         name + ".kdz.example",
			ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: []byte(h.ca)},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{v1alpha1.GroupVersion.Group}, APIVersions: []string{v1alpha1.GroupVersion.Version},
					Resources: []string{"applications"},
				},
			}},
			SideEffects:             &none,
			AdmissionReviewVersions: []string{"v1"},
		}},
	}
}
