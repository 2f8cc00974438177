{{- /* SPDX-License-Identifier: BSL-1.0 */ -}}
{{- /* The name changes with the settings, so that a change starts a rolling update. */ -}}
{{- define "cohort.settingsName" -}}
cohort-settings-{{ toJson .Values.settings | sha256sum | trunc 10 }}
{{- end }}

{{- /* Metadata of an object: (dict "root" $ "name" NAME); with "selects", the label that selectors use. */ -}}
{{- define "cohort.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- if .selects }}
  app.kubernetes.io/name: {{ .name }}
  {{- end }}
  app.kubernetes.io/part-of: cohort
{{- end }}

{{- define "cohort.image" -}}
{{ .root.Values.image.repository }}/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- /* The URL of an inner service for its callers: (dict "root" $ "name" NAME "port" PORT). */ -}}
{{- define "cohort.url" -}}
{{- if .root.Values.discovery.enabled -}}
kubernetes://{{ .root.Release.Namespace }}/{{ .name }}:http
{{- else -}}
{{ ternary "https" "http" .root.Values.tls.enabled }}://{{ .name }}:{{ .port }}
{{- end }}
{{- end }}
