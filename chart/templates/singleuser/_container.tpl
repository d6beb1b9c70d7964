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
{{- kindIs "string" . | ternary (list .) . | toYaml | nindent 0 }}
{{- end }}
env:
{{- include "kernelpair.singleuser.env" $user | nindent 0 }}
ports:
- name: notebook-port
  containerPort: {{ int64 $user.port }}
{{- with include "kernelpair.singleuser.resources" $user | fromYaml }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: {{ $user.allowPrivilegeEscalation }}
  {{- /* Root, and whoever may become it by sudo, needs capabilities to be of any use. */}}
  {{- if and (not $user.allowPrivilegeEscalation) (include "kernelpair.singleuser.isNotRoot" $user) }}
  capabilities: {drop: [ALL]}
  {{- end }}
  {{- if ne $user.uid nil }}
  runAsUser: {{ int64 $user.uid }}
  {{- end }}
{{- with include "kernelpair.fields" (dict
    "lifecycle" $user.lifecycleHooks
    "livenessProbe" $user.livenessProbe
    "readinessProbe" $user.readinessProbe
    "startupProbe" $user.startupProbe
    "volumeMounts" (include "kernelpair.singleuser.volumeMounts" $user.storage | fromYamlArray)) }}
{{- . | nindent 0 }}
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

{{- /* The container's variables: those of KubeSpawner's that a template can know, singleuser.extraEnv over them. */ -}}
{{- define "kernelpair.singleuser.env" -}}
{{- $image := include "kernelpair.image" .image -}}
{{- $variables := dict "JUPYTER_IMAGE" $image "JUPYTER_IMAGE_SPEC" $image "JUPYTER_PORT" (.port | int64 | toString) -}}
{{- with .defaultUrl }}{{ $_ := set $variables "JUPYTERHUB_DEFAULT_URL" . }}{{ end -}}
{{- range $size := list "limit" "guarantee" -}}
  {{- with get $.memory $size }}{{ $_ := set $variables (printf "MEM_%s" (upper $size)) (include "kernelpair.bytes" .) }}{{ end -}}
  {{- with get $.cpu $size }}{{ $_ := set $variables (printf "CPU_%s" (upper $size)) (include "kernelpair.cores" .) }}{{ end -}}
{{- end -}}
{{- include "kernelpair.env.entries" (list $variables .extraEnv) | fromJson | include "kernelpair.env.ordered" -}}
{{- end -}}
