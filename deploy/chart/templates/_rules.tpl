{{/*
The groups of the rules, as YAML `groups: …`: those of the user's own file, else those of the program, with the expectations of the
configured suites. A template cannot run the program, so what it cannot say the same way as the program is refused.
*/}}
{{- define "gim-upgrade-exporter.ruleGroups" -}}
{{- if .Values.rules.file }}
{{- $own := .Values.rules.file | fromYaml }}
{{- if not $own.groups }}
{{- fail "rules.file is no rule file with groups: pass what `gim-upgrade-exporter rules --config.file FILE` prints" }}
{{- end }}
{{- pick $own "groups" | toYaml }}
{{- else }}
{{- $config := .Values.config | default dict }}
{{- $alerts := $config.alerts | default dict }}
{{- $beyond := omit $alerts "runbook_url" "severities" | keys | sortAlpha }}
{{- if $beyond }}
{{- fail (printf "the chart's rules do not know config.alerts.%s: print them by `gim-upgrade-exporter rules --config.file FILE >rules.yaml`, FILE being config, and pass --set-file rules.file=rules.yaml" (first $beyond)) }}
{{- end }}
{{- $shipped := .Files.Get "files/gim-upgrade.rules.yaml" | fromYaml }}
{{- $watched := include "gim-upgrade-exporter.watched" . | fromYaml }}
{{- $expected := list }}
{{- $seen := dict }}
{{- range $suite := $watched.suites }}
{{- $suite = $suite | default dict }}
{{- range $component := list "gim" "gsp" "gca" }}
{{- $member := get $suite $component | default dict }}
{{- /* One that several suites name is expected under the first of them. */}}
{{- $place := printf "%s/%s/%s" $component ($member.namespace | default $component) ($member.release | default $component) }}
{{- if not (hasKey $seen $place) }}
{{- $_ := set $seen $place true }}
{{- $labels := dict "suite" ($suite.name | default "default") "component" $component }}
{{- $expected = append $expected (dict "record" "gim_upgrade:expected" "expr" "vector(1)" "labels" $labels) }}
{{- end }}
{{- end }}
{{- end }}
{{- $groups := list }}
{{- range $group := $shipped.groups }}
{{- if eq $group.name "gim-upgrade-expected" }}
{{- $groups = append $groups (dict "name" $group.name "rules" $expected) }}
{{- else }}
{{- range $rule := $group.rules }}
{{- with get ($alerts.severities | default dict) $rule.alert }}{{ $_ := set $rule.labels "severity" . }}{{ end }}
{{- with $alerts.runbook_url }}
{{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s" (trimSuffix "/" .) $rule.alert) }}
{{- end }}
{{- end }}
{{- $groups = append $groups $group }}
{{- end }}
{{- end }}
{{- dict "groups" $groups | toYaml }}
{{- end }}
{{- end }}
