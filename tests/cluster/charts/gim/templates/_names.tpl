{{- define "gim.tag" -}}
{{ .Values.image.tag | default (.Chart.Version | replace "+" ".") }}
{{- end }}
{{- define "gim.image" -}}
{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ include "gim.tag" . }}
{{- end }}
{{- define "gim.labels" -}}
app.kubernetes.io/name: gim
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
