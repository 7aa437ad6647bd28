{{- define "gca.tag" -}}
{{ .Values.image.tag | default (.Chart.Version | replace "+" ".") }}
{{- end }}
{{- define "gca.image" -}}
{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ include "gca.tag" . }}
{{- end }}
{{- define "gca.labels" -}}
app.kubernetes.io/name: gca
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
