// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// body returns the rendered template of the only object of a stream, without
// the mark.
func body(t *testing.T, stream string) string {
	t.Helper()
	objects, err := decode([]byte(stream))
	if err != nil || len(objects) != 1 {
		t.Fatalf("decode: %d objects, %v", len(objects), err)
	}
	out, err := template(objects[0])
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(string(out), mark)
	if !ok {
		t.Fatalf("no mark on %s", out)
	}
	return rest
}

func TestTemplate(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"names and namespace": {
			in: `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: kdz-reads, namespace: kdz-system, labels: {app: kdz-operator}}
roleRef: {kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: kdz-operator, namespace: kdz-system}, {kind: Group, name: others}]
`,
			want: `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  labels:
    app: kdz-operator
  name: {{ .Values.namePrefix }}reads
  namespace: {{ .Release.Namespace }}
roleRef:
  kind: ClusterRole
  name: view
subjects:
- kind: ServiceAccount
  name: {{ .Values.namePrefix }}operator
  namespace: {{ .Release.Namespace }}
- kind: Group
  name: others
`,
		},
		"a CRD keeps its name and its braces": {
			in: `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.kdz.mainz.de, annotations: {a: b}}
spec: {description: "{{ not an action }}"}
`,
			want: `{{- if .Values.crds.install }}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    a: b
    {{- if .Values.crds.keep }}
    helm.sh/resource-policy: keep
    {{- end }}
  name: things.kdz.mainz.de
spec:
  description: '{{ "{{" }} not an action }}'
{{- end }}
`,
		},
		"a Deployment": {
			in: `
apiVersion: apps/v1
kind: Deployment
metadata: {name: kdz-operator}
spec:
  replicas: 1
  template:
    metadata: {annotations: {a: b}}
    spec:
      serviceAccountName: kdz-operator
      containers: [{name: operator, image: "x:1", args: [--one], resources: {limits: {memory: 1Gi}}}]
`,
			want: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Values.namePrefix }}operator
spec:
  replicas: {{ .Values.replicas }}
  template:
    metadata:
      annotations:
        a: b
        {{- with .Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      containers:
      - args:
        - --one
        {{- range .Values.extraArgs }}
        - {{ . | quote }}
        {{- end }}
        image: {{ include "kdz-operator.image" . }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        name: operator
        resources:
          {{- toYaml .Values.resources | nindent 10 }}
      serviceAccountName: {{ .Values.namePrefix }}operator
      {{- with .Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
`,
		},
		"an admission policy keeps its name": {
			in: `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: applications.kdz.mainz.de}
spec: {policyName: applications.kdz.mainz.de}
`,
			want: `{{- if .Values.admission.install }}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: applications.kdz.mainz.de
spec:
  policyName: applications.kdz.mainz.de
{{- end }}
`,
		},
		"an admission policy leaves the operator alone": {
			in: `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: workloads.kdz.mainz.de}
spec: {matchConstraints: {namespaceSelector: {matchExpressions: [{key: a, operator: NotIn, values: [kdz-system, b]}, {key: c, operator: Exists}]}}}
`,
			want: `{{- if .Values.admission.install }}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: workloads.kdz.mainz.de
spec:
  matchConstraints:
    namespaceSelector:
      matchExpressions:
      - key: a
        operator: NotIn
        values:
        - {{ .Release.Namespace }}
        - b
      - key: c
        operator: Exists
{{- end }}
`,
		},
		"the policy is created once": {
			in: `
apiVersion: kdz.mainz.de/v1alpha1
kind: GovernancePolicy
metadata: {name: default}
spec: {centralisation: {providerUnitRef: {name: kdz-16}, workloads: {excludedNamespaces: [kdz-system, kube-system]}}}
`,
			want: `{{- if and .Values.policy.install (not (include "kdz-operator.policyExists" .)) }}
apiVersion: kdz.mainz.de/v1alpha1
kind: GovernancePolicy
metadata:
  annotations:
    helm.sh/hook: post-install,post-upgrade
    helm.sh/resource-policy: keep
  name: default
spec:
  centralisation:
    providerUnitRef:
      name: kdz-16
    workloads:
      excludedNamespaces:
      - {{ .Release.Namespace }}
      - kube-system
{{- end }}
`,
		},
		"a PrometheusRule": {
			in: `
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: kdz-operator}
spec: {summary: "{{ $labels.application }} is out."}
`,
			want: `{{- if .Values.prometheusRule.install }}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  labels:
    {{- with .Values.prometheusRule.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  name: {{ .Values.namePrefix }}operator
spec:
  summary: '{{ "{{" }} $labels.application }} is out.'
{{- end }}
`,
		},
		"a ServiceMonitor": {
			in: `
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: kdz-operator}
`,
			want: `{{- if .Values.serviceMonitor.enabled }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  labels:
    {{- with .Values.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  name: {{ .Values.namePrefix }}operator
{{- end }}
`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, body(t, tt.in)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTemplateRefuses(t *testing.T) {
	tests := map[string]string{
		"no args to append to": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: kdz-operator}
spec: {template: {spec: {containers: [{name: operator}]}}}
`,
		"which container is meant": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: kdz-operator}
spec: {template: {spec: {containers: [{name: a, args: [x]}, {name: b, args: [x]}]}}}
`,
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			objects, err := decode([]byte(in))
			if err != nil {
				t.Fatal(err)
			}
			if out, err := template(objects[0]); err == nil {
				t.Errorf("accepted: %s", out)
			}
		})
	}
}

func TestTemplatesHaveNoNamespace(t *testing.T) {
	objects, err := decode([]byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: kdz-system}\n---\n---\n" +
		"apiVersion: v1\nkind: Service\nmetadata: {name: kdz-metrics}\n"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := templates(objects)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 || files["service-metrics.yaml"] == nil {
		t.Errorf("got %d files, want service-metrics.yaml alone", len(files))
	}
	if _, err := templates(append(objects, objects[1])); err == nil {
		t.Error("two objects with one file name were accepted")
	}
}

func TestDifference(t *testing.T) {
	read := func(stream string) []object {
		t.Helper()
		objects, err := decode([]byte(stream))
		if err != nil {
			t.Fatal(err)
		}
		return objects
	}
	const (
		service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {port: 1}\n---\n"
		crd     = "kind: CustomResourceDefinition\nmetadata: {name: c}\n---\n"
		kept    = "kind: CustomResourceDefinition\nmetadata: {name: c, annotations: {helm.sh/resource-policy: keep}}\n---\n"
		rules   = "kind: GovernancePolicy\nmetadata: {name: default}\n---\n"
		once    = "kind: GovernancePolicy\nmetadata: {name: default, annotations: {helm.sh/resource-policy: keep, helm.sh/hook: 'post-install,post-upgrade'}}\n---\n"
	)
	tests := map[string]struct {
		want, chart string
		differ      bool
	}{
		"same, in another order": {service + crd, kept + service, false},
		"a CRD is not kept":      {service + crd, crd + service, true},
		"the policy is a hook":   {service + rules, once + service, false},
		"the policy is no hook":  {service + rules, rules + service, true},
		"one is missing":         {service + crd, kept, true},
		"one is too many":        {crd, kept + service, true},
		"a value differs":        {service, strings.Replace(service, "port: 1", "port: 2", 1), true},
		"a type differs":         {service, strings.Replace(service, "port: 1", `port: "1"`, 1), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := difference(read(tt.want), read(tt.chart)); (diff != "") != tt.differ {
				t.Errorf("differ = %v, want %v:\n%s", diff != "", tt.differ, diff)
			}
		})
	}
}
