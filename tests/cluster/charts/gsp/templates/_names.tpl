{{- define "gsp.tag" -}}
{{ .Values.image.tag | default (.Chart.Version | replace "+" ".") }}
{{- end }}
{{- define "gsp.image" -}}
{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ include "gsp.tag" . }}
{{- end }}
{{- define "gsp.labels" -}}
app.kubernetes.io/name: gsp
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
