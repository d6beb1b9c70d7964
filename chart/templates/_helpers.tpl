{{- /* The chart's name, or what nameOverride says. */ -}}
{{- define "kernelpair.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* What every resource's name begins with. A release that is called like the chart doesn't say it twice. */ -}}
{{- define "kernelpair.fullname" -}}
{{- $name := include "kernelpair.name" . -}}
{{- $default := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $default | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* The name of one component's resource, at most 63 characters: (list $ "singleuser"). */ -}}
{{- define "kernelpair.componentName" -}}
{{- $component := last . -}}
{{- $room := sub 62 (len $component) | int -}}
{{- printf "%s-%s" (include "kernelpair.fullname" (first .) | trunc $room | trimSuffix "-") $component -}}
{{- end -}}

{{- /* Labels that stay the same over upgrades: (list $ "singleuser"). */ -}}
{{- define "kernelpair.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kernelpair.name" (first .) | quote }}
app.kubernetes.io/instance: {{ (first .).Release.Name | quote }}
app.kubernetes.io/component: {{ last . | quote }}
{{- end -}}

{{- /* Labels of a resource: (list $ "singleuser"). */ -}}
{{- define "kernelpair.labels" -}}
{{- $root := first . -}}
{{ include "kernelpair.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service | quote }}
app.kubernetes.io/part-of: kernelpair
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end -}}

{{- /* An image block's reference: name[:tag][@digest]. */ -}}
{{- define "kernelpair.image" -}}
{{- .name }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- /* A number or text as text. Printing a number as it is would turn 1000000 into 1e+06. */ -}}
{{- define "kernelpair.text" -}}
{{- kindIs "string" . | ternary . (toJson .) -}}
{{- end -}}

{{- /* singleuser.memory.* as a Kubernetes quantity. JupyterHub's units are powers of 1024 without saying so. */ -}}
{{- define "kernelpair.memory" -}}
{{- regexReplaceAll "([KMGT])i?$" (include "kernelpair.text" .) "${1}i" -}}
{{- end -}}

{{- /* singleuser.memory.* in bytes, as JupyterHub puts it into MEM_LIMIT and MEM_GUARANTEE. */ -}}
{{- define "kernelpair.bytes" -}}
{{- $text := include "kernelpair.text" . -}}
{{- $factors := dict "" 1 "K" 1024 "M" 1048576 "G" 1073741824 "T" 1099511627776 -}}
{{- mulf (regexFind "^[0-9.]+" $text) (get $factors (regexFind "[KMGT]" $text)) | int64 -}}
{{- end -}}

{{- /* singleuser.cpu.* in cores, as JupyterHub puts it into CPU_LIMIT and CPU_GUARANTEE. */ -}}
{{- define "kernelpair.cores" -}}
{{- $text := include "kernelpair.text" . -}}
{{- if hasSuffix "m" $text }}{{ divf (trimSuffix "m" $text) 1000 }}{{ else }}{{ $text }}{{ end -}}
{{- end -}}

{{- /* Two mappings as one, in JSON, the second's entries winning, also where they are empty or false: (list A B). */ -}}
{{- define "kernelpair.overlay" -}}
{{- $result := first . | deepCopy -}}
{{- range $key, $value := last . }}{{ $_ := set $result $key $value }}{{ end -}}
{{- toJson $result -}}
{{- end -}}

{{- /*
The settings as the post-renderer reads them: the kernelGateway block with the home filled in, as JSON in single quotes
on one line. (toYaml would fold it.) U+0085 is escaped: between quotes YAML takes it for a line end.
*/ -}}
{{- define "kernelpair.settings" -}}
{{- $kernel := .Values.kernelGateway.kernel | default dict -}}
{{- $home := $kernel.home | default .Values.singleuser.storage.homeMountPath -}}
{{- $kernel = include "kernelpair.overlay" (list $kernel (dict "home" $home)) | fromJson -}}
{{- include "kernelpair.overlay" (list .Values.kernelGateway (dict "kernel" $kernel)) | fromJson | toRawJson
  | replace "\u0085" "\\u0085" | replace "'" "''" | squote -}}
{{- end -}}

{{- /*
Lines of text as a block scalar whose lines begin in a column: (list text column). An empty line stays empty, as Helm 4
writes it.
*/ -}}
{{- define "kernelpair.block" -}}
|
{{ regexReplaceAll "(?m)^(.)" (first . | trimSuffix "\n") (printf "%s${1}" (repeat (last .) " ")) }}
{{- end -}}

{{- /* Labels of every resource of the release, of components that the hub makes too. */ -}}
{{- define "kernelpair.commonLabels" -}}
{{- omit (include "kernelpair.selectorLabels" (list . "any") | fromYaml) "app.kubernetes.io/component" | toYaml -}}
{{- end -}}

{{- /* The metadata of a resource: (list $ component) or (list $ component annotations). */ -}}
{{- define "kernelpair.metadata" -}}
{{- $root := first . -}}
name: {{ include "kernelpair.componentName" (list $root (index . 1)) | quote }}
namespace: {{ $root.Release.Namespace | quote }}
labels:
  {{- include "kernelpair.labels" (list $root (index . 1)) | nindent 2 }}
{{- if gt (len .) 2 }}
{{- with index . 2 }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* The image and pull policy of a container, from an image block. */ -}}
{{- define "kernelpair.containerImage" -}}
image: {{ include "kernelpair.image" . | quote }}
{{- with .pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end -}}

{{- /* The pull secrets of image blocks, as a list for a pod; nothing where there are none: (list image ...). */ -}}
{{- define "kernelpair.pullSecrets" -}}
{{- $secrets := list -}}
{{- range . -}}
  {{- range .pullSecrets | default list -}}
    {{- if kindIs "string" . }}{{ $secrets = append $secrets (dict "name" .) }}{{ else }}{{ $secrets = append $secrets . }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- toYaml ($secrets | uniq) -}}
{{- end -}}

{{- /* Fields of a pod or a container, those that are empty left out: a mapping of field to value. */ -}}
{{- define "kernelpair.fields" -}}
{{- $set := dict -}}
{{- range $field, $value := . }}{{ with $value }}{{ $_ := set $set $field . }}{{ end }}{{ end -}}
{{- with $set }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{- /* The probes of a container: (list block-of-values path port). */ -}}
{{- define "kernelpair.probes" -}}
{{- $values := first . -}}
{{- $get := dict "httpGet" (dict "path" (index . 1) "port" (index . 2)) -}}
{{- $probes := dict -}}
{{- range $probe := list "livenessProbe" "readinessProbe" -}}
  {{- $block := get $values $probe -}}
  {{- if $block.enabled }}{{ $_ := set $probes $probe (merge (omit $block "enabled") $get) }}{{ end -}}
{{- end -}}
{{- with $probes }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{- /*
Blocks of variables, {name: "text" or EnvVar}, as one JSON mapping of name to EnvVar, the last block winning: a list of
blocks.
*/ -}}
{{- define "kernelpair.env.entries" -}}
{{- $entries := dict -}}
{{- range $block := . -}}
  {{- range $key, $value := $block -}}
    {{- $body := kindIs "string" $value | ternary (dict "value" $value) $value -}}
    {{- $name := get $body "name" | default $key -}}
    {{- $_ := set $entries $name (include "kernelpair.overlay" (list $body (dict "name" $name)) | fromJson) -}}
  {{- end -}}
{{- end -}}
{{- toJson $entries -}}
{{- end -}}

{{- /*
Such a mapping as a container's variables. Kubernetes fills in $(NAME) only from variables further up, and a mapping has
no order: so each variable comes after those it refers to, and otherwise by name. Those that refer to each other in a
circle come last.
*/ -}}
{{- define "kernelpair.env.ordered" -}}
{{- $left := . -}}
{{- $ordered := list -}}
{{- range until (len $left) -}}
  {{- $free := list -}}
  {{- range $name, $entry := $left -}}
    {{- $waits := false -}}
    {{- range regexFindAll "\\$\\([^)]+\\)" ($entry.value | default "") -1 -}}
      {{- $referred := trimPrefix "$(" . | trimSuffix ")" -}}
      {{- if and (hasKey $left $referred) (ne $referred $name) }}{{ $waits = true }}{{ end -}}
    {{- end -}}
    {{- if not $waits }}{{ $free = append $free $entry }}{{ end -}}
  {{- end -}}
  {{- range $free }}{{ $ordered = append $ordered . }}{{ $left = omit $left .name }}{{ end -}}
{{- end -}}
{{- range $left }}{{ $ordered = append $ordered . }}{{ end -}}
{{- toYaml $ordered -}}
{{- end -}}
