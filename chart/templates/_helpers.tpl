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
