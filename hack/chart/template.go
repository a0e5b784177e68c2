// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// mark is the first line of every rendered template.
const mark = "{{- /* Rendered from config/ by `make chart`; do not edit. */ -}}\n"

// The name prefix and the namespace that config/operator sets.
const (
	configPrefix    = "kdz-"
	configNamespace = "kdz-system"
)

// Actions that take the place of what config says.
const (
	prefixAction    = "{{ .Values.namePrefix }}"
	namespaceAction = "{{ .Release.Namespace }}"
)

// templates returns a template for each object, by file name. The namespace
// is Helm's to create, so it has none.
func templates(objects []object) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, o := range objects {
		if o.GetKind() == "Namespace" {
			continue
		}
		name := fileName(o)
		if _, twice := files[name]; twice {
			return nil, fmt.Errorf("two objects render to %s", name)
		}
		content, err := template(o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.id(), err)
		}
		files[name] = content
	}
	return files, nil
}

// fileName is the kind and the name without prefix: clusterrole-editor.yaml.
func fileName(o object) string {
	kind := strings.ToLower(o.GetKind())
	if isCRD(o) {
		kind = "crd"
	}
	return kind + "-" + strings.TrimPrefix(o.GetName(), configPrefix) + ".yaml"
}

func isCRD(o object) bool { return o.GetKind() == "CustomResourceDefinition" }

// template returns the template of one object.
func template(o object) ([]byte, error) {
	o = object{*o.DeepCopy()}
	holes := &holes{}
	condition := ""
	switch o.GetKind() {
	case "CustomResourceDefinition":
		condition = ".Values.crds.install"
		holeCRD(o, holes)
	case "Deployment":
		if err := holeDeployment(o, holes); err != nil {
			return nil, err
		}
	case "ServiceMonitor":
		condition = ".Values.serviceMonitor.enabled"
		holeLabels(o, "serviceMonitor", holes)
	case "PrometheusRule":
		condition = ".Values.prometheusRule.install"
		holeLabels(o, "prometheusRule", holes)
	case "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
		condition = ".Values.admission.install"
		holeSelector(o, holes)
	case "GovernancePolicy":
		condition = `and .Values.policy.install (not (include "kdz-operator.policyExists" .))`
		holePolicy(o, holes)
	}
	if !isCRD(o) {
		holeNames(o, holes)
	}

	body, err := yaml.Marshal(o.Object)
	if err != nil {
		return nil, err
	}
	text, err := holes.fill(escape(string(body)))
	if err != nil {
		return nil, err
	}
	if condition != "" {
		text = "{{- if " + condition + " }}\n" + text + "{{- end }}\n"
	}
	return []byte(mark + text), nil
}

// escape hides from Helm what looks like an action: CEL rules and descriptions
// may hold braces.
func escape(text string) string {
	return regexp.MustCompile(`\{\{+`).ReplaceAllStringFunc(text, func(braces string) string {
		return "{{ " + strconv.Quote(braces) + " }}"
	})
}

// holeNames makes the prefix and the namespace the administrator's choice,
// wherever an object names itself or another of the installation.
func holeNames(o object, h *holes) {
	name := func(s string) string {
		if rest, ok := strings.CutPrefix(s, configPrefix); ok {
			return h.inline(prefixAction + rest)
		}
		return s
	}
	namespace := func(s string) string {
		if s == configNamespace {
			return h.inline(namespaceAction)
		}
		return s
	}
	replace := func(fields map[string]any, key string, by func(string) string) {
		if s, ok := fields[key].(string); ok {
			fields[key] = by(s)
		}
	}

	metadata, _ := o.Object["metadata"].(map[string]any)
	replace(metadata, "name", name)
	replace(metadata, "namespace", namespace)
	if ref, ok := o.Object["roleRef"].(map[string]any); ok {
		replace(ref, "name", name)
	}
	subjects, _ := o.Object["subjects"].([]any)
	for _, s := range subjects {
		if subject, ok := s.(map[string]any); ok {
			replace(subject, "name", name)
			replace(subject, "namespace", namespace)
		}
	}
	if pod, ok, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "template", "spec"); ok {
		if fields, ok := pod.(map[string]any); ok {
			replace(fields, "serviceAccountName", name)
		}
	}
}

// holeCRD lets a CRD outlive the chart.
func holeCRD(o object, h *holes) {
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[h.lines(
		"{{- if .Values.crds.keep }}",
		"helm.sh/resource-policy: keep",
		"{{- end }}",
	)] = ""
	o.SetAnnotations(annotations)
}

// holeLabels adds the labels by which a Prometheus selects an object, which are
// labels of that group of the chart's values.
func holeLabels(o object, group string, h *holes) {
	labels := o.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[h.lines(
		"{{- with .Values."+group+".labels }}",
		"{{- toYaml . | nindent INDENT }}",
		"{{- end }}",
	)] = ""
	o.SetLabels(labels)
}

// policyAnnotations make the policy one that the chart creates where there is
// none, once its CRD is served, and never touches again: a hook is no part of
// the release, so neither an upgrade nor an uninstallation concerns it.
var policyAnnotations = map[string]string{
	"helm.sh/hook": "post-install,post-upgrade",
	keepAnnotation: "keep",
}

// holePolicy has the policy outlive the chart, and leaves out the workloads of
// the namespace that the operator is in.
func holePolicy(o object, h *holes) {
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, policyAnnotations)
	o.SetAnnotations(annotations)

	namespaces, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "centralisation", "workloads", "excludedNamespaces")
	holeNamespaces(namespaces, h)
}

// holeSelector has an admission policy leave out the namespace that the operator
// is in, where it leaves out that of config.
func holeSelector(o object, h *holes) {
	field, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "matchConstraints", "namespaceSelector", "matchExpressions")
	expressions, _ := field.([]any)
	for _, e := range expressions {
		if expression, ok := e.(map[string]any); ok {
			holeNamespaces(expression["values"], h)
		}
	}
}

// holeNamespaces makes the operator's namespace in a list the administrator's
// choice.
func holeNamespaces(list any, h *holes) {
	namespaces, _ := list.([]any)
	for i, namespace := range namespaces {
		if namespace == configNamespace {
			namespaces[i] = h.lines("- " + namespaceAction)
		}
	}
}

// holeDeployment makes what depends on the cluster the administrator's choice.
func holeDeployment(o object, h *holes) error {
	containers, _, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	if err != nil {
		return err
	}
	if len(containers) != 1 {
		return fmt.Errorf("a Deployment with %d containers: say here which of them the chart's values mean", len(containers))
	}
	container, ok := containers[0].(map[string]any)
	if !ok {
		return fmt.Errorf("container is a %T", containers[0])
	}
	args, ok := container["args"].([]any)
	if !ok {
		return fmt.Errorf("the container has no args to append extraArgs to")
	}
	container["image"] = h.inline(`{{ include "kdz-operator.image" . }}`)
	container["imagePullPolicy"] = h.inline("{{ .Values.image.pullPolicy }}")
	container["args"] = append(args, h.lines(
		"{{- range .Values.extraArgs }}",
		"- {{ . | quote }}",
		"{{- end }}",
	))
	container["resources"] = h.block(".Values.resources")

	pod := []string{}
	for _, field := range []string{"affinity", "imagePullSecrets", "nodeSelector", "tolerations"} {
		pod = append(pod,
			"{{- with .Values."+field+" }}",
			field+":",
			"  {{- toYaml . | nindent DEEPER }}",
			"{{- end }}")
	}
	pod = append(pod,
		"{{- with .Values.priorityClassName }}",
		"priorityClassName: {{ . }}",
		"{{- end }}")
	return firstError(
		unstructured.SetNestedField(o.Object, h.inline("{{ .Values.replicas }}"), "spec", "replicas"),
		unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers"),
		unstructured.SetNestedField(o.Object, "", "spec", "template", "spec", h.lines(pod...)),
		unstructured.SetNestedField(o.Object, "", "spec", "template", "metadata", "annotations", h.lines(
			"{{- with .Values.podAnnotations }}",
			"{{- toYaml . | nindent INDENT }}",
			"{{- end }}",
		)),
	)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
