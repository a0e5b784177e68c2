{{/*
The image by digest if there is one, else by tag, else by the chart's appVersion.
*/}}
{{- define "kdz-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Something if the cluster has a GovernancePolicy already, else nothing. Without
the CRD there can be none, and looking for it would fail.
*/}}
{{- define "kdz-operator.policyExists" -}}
{{- if .Capabilities.APIVersions.Has "kdz.mainz.de/v1alpha1/GovernancePolicy" -}}
{{- if lookup "kdz.mainz.de/v1alpha1" "GovernancePolicy" "" "default" -}}
yes
{{- end -}}
{{- end -}}
{{- end -}}
