{{/* What the exporter's pod and the pod of `helm test` have in common: the contents of `spec` but for containers' own. */}}

{{- define "gim-upgrade-exporter.podSpec" -}}
serviceAccountName: {{ include "gim-upgrade-exporter.serviceAccountName" . }}
automountServiceAccountToken: true
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  seccompProfile:
    type: RuntimeDefault
  {{- with .Values.podSecurityContext }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
- name: config
  configMap:
    name: {{ include "gim-upgrade-exporter.fullname" . }}
{{- with .Values.web.configSecret }}
- name: web
  secret:
    secretName: {{ . }}
{{- end }}
{{- range $at, $mount := .Values.mounts }}
- name: mount-{{ $at }}
  {{- if $mount.secret }}
  secret:
    secretName: {{ $mount.secret }}
  {{- else }}
  configMap:
    name: {{ $mount.configMap }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "gim-upgrade-exporter.container" -}}
image: {{ include "gim-upgrade-exporter.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
- name: config
  mountPath: /etc/gim-upgrade-exporter/config
  readOnly: true
{{- if .Values.web.configSecret }}
- name: web
  mountPath: /etc/gim-upgrade-exporter/web
  readOnly: true
{{- end }}
{{- range $at, $mount := .Values.mounts }}
- name: mount-{{ $at }}
  mountPath: {{ $mount.path }}
  readOnly: true
{{- end }}
{{- end }}
