{{- /* The one container of the user's pod, which the post-renderer splits. Its name is KubeSpawner's. */ -}}
{{- define "kernelpair.singleuser.container" -}}
{{- $user := .Values.singleuser -}}
name: notebook
image: {{ include "kernelpair.image" $user.image | quote }}
{{- with $user.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- with $user.cmd }}
args:
  {{- kindIs "string" . | ternary (list .) . | toYaml | nindent 2 }}
{{- end }}
env:
  {{- include "kernelpair.singleuser.env" $user | nindent 2 }}
ports:
  - name: notebook-port
    containerPort: {{ int64 $user.port }}
{{- with include "kernelpair.singleuser.resources" $user | fromYaml }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: {{ $user.allowPrivilegeEscalation }}
  {{- if ne $user.uid nil }}
  runAsUser: {{ int64 $user.uid }}
  {{- end }}
{{- range $field, $value := dict
    "lifecycle" $user.lifecycleHooks
    "livenessProbe" $user.livenessProbe
    "readinessProbe" $user.readinessProbe
    "startupProbe" $user.startupProbe
    "volumeMounts" (include "kernelpair.singleuser.volumeMounts" $user.storage | fromYamlArray) }}
{{- with $value }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Limits and requests of the container; empty where nothing is asked for. */ -}}
{{- define "kernelpair.singleuser.resources" -}}
{{- $resources := dict -}}
{{- range $kind, $size := dict "limits" "limit" "requests" "guarantee" -}}
  {{- $amounts := dict -}}
  {{- with get $.memory $size }}{{ $_ := set $amounts "memory" (include "kernelpair.memory" .) }}{{ end -}}
  {{- with get $.cpu $size }}{{ $_ := set $amounts "cpu" (include "kernelpair.text" .) }}{{ end -}}
  {{- range $name, $amount := get $.extraResource (printf "%ss" $size) -}}
    {{- $_ := set $amounts $name (include "kernelpair.text" $amount) -}}
  {{- end -}}
  {{- with $amounts }}{{ $_ := set $resources $kind . }}{{ end -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{- /*
The container's variables: those of KubeSpawner's that a template can know, singleuser.extraEnv over them. Kubernetes
fills in $(NAME) only from variables further up, and a mapping has no order: so each variable comes after those it
refers to, and otherwise by name. Those that refer to each other in a circle come last.
*/ -}}
{{- define "kernelpair.singleuser.env" -}}
{{- $left := include "kernelpair.singleuser.variables" . | fromJson -}}
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

{{- /* The variables as a JSON mapping of name to EnvVar. */ -}}
{{- define "kernelpair.singleuser.variables" -}}
{{- $image := include "kernelpair.image" .image -}}
{{- $variables := dict "JUPYTER_IMAGE" $image "JUPYTER_IMAGE_SPEC" $image "JUPYTER_PORT" (.port | int64 | toString) -}}
{{- with .defaultUrl }}{{ $_ := set $variables "JUPYTERHUB_DEFAULT_URL" . }}{{ end -}}
{{- range $size := list "limit" "guarantee" -}}
  {{- with get $.memory $size }}{{ $_ := set $variables (printf "MEM_%s" (upper $size)) (include "kernelpair.bytes" .) }}{{ end -}}
  {{- with get $.cpu $size }}{{ $_ := set $variables (printf "CPU_%s" (upper $size)) (include "kernelpair.cores" .) }}{{ end -}}
{{- end -}}
{{- $entries := dict -}}
{{- range $block := list $variables .extraEnv -}}
  {{- range $key, $value := $block -}}
    {{- $body := kindIs "string" $value | ternary (dict "value" $value) $value -}}
    {{- $name := get $body "name" | default $key -}}
    {{- $_ := set $entries $name (include "kernelpair.overlay" (list $body (dict "name" $name)) | fromJson) -}}
  {{- end -}}
{{- end -}}
{{- toJson $entries -}}
{{- end -}}
