{{/*
What the configuration has the exporter watch, as YAML, so that rights and network follow from the one place that tells:
  everywhere: whether one watch of each kind is to cover all namespaces
  suites:     the suites, with the one that there is by default
  needs:      for each namespace what is read there: component, state (ConfigMaps that GSP leaves), cronjobs, jobs
  ports:      for each namespace the ports of metrics endpoints that are read there
*/}}
{{- define "gim-upgrade-exporter.watched" -}}
{{- $config := .Values.config | default dict }}
{{- $discovery := $config.discovery | default dict }}
{{- $kubernetes := $config.kubernetes | default dict }}
{{- $discovers := $discovery.enabled | default false }}
{{- $suites := $config.suites }}
{{- if kindIs "invalid" $suites }}
{{- $suites = ternary (list) (list dict) $discovers }}
{{- end }}
{{- $needs := dict }}
{{- $ports := dict }}
{{- range $namespace := $discovery.namespaces | default list }}
{{- $_ := set $needs $namespace (list "component" "state") }}
{{- end }}
{{- $defaultPort := dict "gim" 8249 "gsp" 9249 }}
{{- range $suite := $suites }}
{{- $suite = $suite | default dict }}
{{- range $component := list "gim" "gsp" "gca" }}
{{- $member := get $suite $component | default dict }}
{{- $namespace := $member.namespace | default $component }}
{{- $here := get $needs $namespace | default list }}
{{- $here = append $here "component" }}
{{- if eq $component "gsp" }}{{ $here = append $here "state" }}{{ end }}
{{- $_ := set $needs $namespace ($here | uniq) }}
{{- $port := get $defaultPort $component }}
{{- with $member.metrics }}
{{- if kindIs "map" . }}
{{- if or .url .prometheus }}{{ $port = 0 }}{{ else }}{{ $port = .port | default $port }}{{ end }}
{{- else }}{{ $port = 0 }}{{ end }}
{{- end }}
{{- if $port }}
{{- $_ := set $ports $namespace (append (get $ports $namespace | default list) (int $port) | uniq) }}
{{- end }}
{{- end }}
{{- with $suite.backup }}
{{- $gim := $suite.gim | default dict }}
{{- $namespace := .namespace | default $gim.namespace | default "gim" }}
{{- $here := get $needs $namespace | default list }}
{{- if .cron_job }}{{ $here = append $here "cronjobs" }}{{ end }}
{{- if .job }}{{ $here = append $here "jobs" }}{{ end }}
{{- if $here }}{{ $_ := set $needs $namespace ($here | uniq) }}{{ end }}
{{- end }}
{{- end }}
{{- $anywhere := and $discovers (not $discovery.namespaces) }}
{{- $everywhere := or $anywhere (eq ($kubernetes.scope | default "auto") "cluster") }}
{{- dict "everywhere" $everywhere "anywhere" $anywhere "discovers" $discovers "looksIn" ($discovery.namespaces | default list) "suites" $suites "needs" $needs "ports" $ports | toYaml }}
{{- end }}

{{/* The rules of a Role for what is read: a dict of config and needs. */}}
{{- define "gim-upgrade-exporter.roleRules" -}}
{{- $helm := .config.helm | default dict }}
{{- $reads := ne ($helm.access | default "read") "none" }}
{{- $configMaps := eq ($helm.driver | default "secret") "configmap" }}
{{- $component := has "component" .needs }}
{{- if $component }}
- apiGroups: ['']
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [apps]
  resources: [statefulsets, deployments, replicasets]
  verbs: [list, watch]
{{- end }}
{{- if or $component (has "jobs" .needs) }}
- apiGroups: [batch]
  resources: [jobs]
  verbs: [list, watch]
{{- end }}
{{- if has "cronjobs" .needs }}
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [list, watch]
{{- end }}
{{- if and $component $reads (not $configMaps) }}
- apiGroups: ['']
  resources: [secrets]
  verbs: [list, watch, get]
{{- end }}
{{- if and $component $reads $configMaps }}
- apiGroups: ['']
  resources: [configmaps]
  verbs: [list, watch, get]
{{- else if has "state" .needs }}
- apiGroups: ['']
  resources: [configmaps]
  verbs: [list, watch]
{{- end }}
{{- end }}
