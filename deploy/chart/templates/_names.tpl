{{/* Names and labels. */}}

{{- define "gim-upgrade-exporter.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 53 | trimSuffix "-" }}
{{- end }}

{{/* The release's name, with the chart's where it does not have it. 53 characters leave room for endings. */}}
{{- define "gim-upgrade-exporter.fullname" -}}
{{- $name := include "gim-upgrade-exporter.name" . }}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 53 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* The name of roles: two releases in different namespaces may watch the same one. */}}
{{- define "gim-upgrade-exporter.roleName" -}}
{{ .Release.Namespace }}-{{ include "gim-upgrade-exporter.fullname" . }}
{{- end }}

{{- define "gim-upgrade-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "gim-upgrade-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: exporter
{{- end }}

{{- define "gim-upgrade-exporter.labels" -}}
app.kubernetes.io/name: {{ include "gim-upgrade-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gim-upgrade-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "gim-upgrade-exporter.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "gim-upgrade-exporter.image" -}}
{{- with .Values.image }}
{{- $name := .repository }}
{{- if .registry }}{{ $name = printf "%s/%s" .registry .repository }}{{ end }}
{{- if .digest -}}
{{ printf "%s@%s" $name .digest }}
{{- else -}}
{{ printf "%s:%s" $name (.tag | default ($.Chart.AppVersion | replace "+" "_")) }}
{{- end }}
{{- end }}
{{- end }}
