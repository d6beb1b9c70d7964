{{- /* The images of users' pods as a YAML list, each once: the default pod's, and those that profiles name. */ -}}
{{- define "kernelpair.puller.images" -}}
{{- $user := .Values.singleuser -}}
{{- $images := list (include "kernelpair.image" $user.image) -}}
{{- range concat $user.initContainers $user.extraContainers -}}
  {{- with .image }}{{ $images = append $images . }}{{ end -}}
{{- end -}}
{{- if .Values.prePuller.pullProfileListImages -}}
  {{- range $user.profileList -}}
    {{- $overrides := list .kubespawner_override -}}
    {{- range .profile_options -}}
      {{- range .choices }}{{ $overrides = append $overrides .kubespawner_override }}{{ end -}}
    {{- end -}}
    {{- range $overrides -}}
      {{- with . }}{{ with .image }}{{ $images = append $images . }}{{ end }}{{ end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $images | uniq | toYaml -}}
{{- end -}}
