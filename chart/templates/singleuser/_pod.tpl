{{- /* The user pod's spec but for its containers: the chart's fields, singleuser.extraPodConfig over them. */ -}}
{{- define "kernelpair.singleuser.pod" -}}
{{- $fields := include "kernelpair.singleuser.podFields" . | fromYaml -}}
{{- include "kernelpair.overlay" (list $fields .Values.singleuser.extraPodConfig) | fromJson | toYaml -}}
{{- end -}}

{{- define "kernelpair.singleuser.podFields" -}}
{{- $user := .Values.singleuser -}}
restartPolicy: {{ $user.restartPolicy }}
{{- /* As KubeSpawner: a token is mounted only for a service account that was chosen. */}}
{{- with $user.serviceAccountName }}
serviceAccountName: {{ . | quote }}
{{- else }}
automountServiceAccountToken: false
{{- end }}
securityContext:
  {{- if ne $user.fsGid nil }}
  fsGroup: {{ int64 $user.fsGid }}
  {{- end }}
  {{- if include "kernelpair.singleuser.isNotRoot" $user }}
  runAsNonRoot: true
  {{- end }}
  seccompProfile: {type: RuntimeDefault}
{{- with include "kernelpair.pullSecrets" (list $user.image) | fromYamlArray }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $user.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $user.extraTolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "kernelpair.singleuser.affinity" $user | fromYaml }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $user.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "kernelpair.singleuser.volumes" $user.storage | fromYamlArray }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Whether the values say that the user isn't root; of an image's own user Kubernetes may know only the name. */ -}}
{{- define "kernelpair.singleuser.isNotRoot" -}}
{{- if .uid }}true{{ end -}}
{{- end -}}

{{- /* singleuser.extra*Affinity, as KubeSpawner lays them out. */ -}}
{{- define "kernelpair.singleuser.affinity" -}}
{{- $required := "requiredDuringSchedulingIgnoredDuringExecution" -}}
{{- $preferred := "preferredDuringSchedulingIgnoredDuringExecution" -}}
{{- $affinity := dict -}}
{{- range $kind := list "nodeAffinity" "podAffinity" "podAntiAffinity" -}}
  {{- $terms := get $ (printf "extra%s" (title $kind)) -}}
  {{- $rules := dict -}}
  {{- with $terms.required -}}
    {{- $_ := set $rules $required (eq $kind "nodeAffinity" | ternary (dict "nodeSelectorTerms" .) .) -}}
  {{- end -}}
  {{- with $terms.preferred }}{{ $_ := set $rules $preferred . }}{{ end -}}
  {{- if $rules }}{{ $_ := set $affinity $kind $rules }}{{ end -}}
{{- end -}}
{{- toYaml $affinity -}}
{{- end -}}

{{- /*
The volumes of singleuser.storage. The home is always called `home`, also by the hub, whose volume replaces it whole.
A user's own claim is made by the hub at the first spawn: its name can't be known here. So the template has a volume of
the same size and class that lives as long as the pod: valid, shows what users get, and starts as it stands.
*/ -}}
{{- define "kernelpair.singleuser.volumes" -}}
{{- if eq .type "static" }}
- name: home
  persistentVolumeClaim:
    claimName: {{ .static.pvcName | quote }}
{{- else if eq .type "dynamic" }}
- name: home
  ephemeral:
    volumeClaimTemplate:
      spec:
        accessModes:
          {{- toYaml .dynamic.storageAccessModes | nindent 10 }}
        {{- with .dynamic.storageClass }}
        storageClassName: {{ . | quote }}
        {{- end }}
        resources:
          requests:
            storage: {{ include "kernelpair.text" .capacity | quote }}
{{- end }}
{{- with .extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kernelpair.singleuser.volumeMounts" -}}
{{- if ne .type "none" }}
- name: home
  mountPath: {{ .homeMountPath | quote }}
  {{- if eq .type "static" }}
  {{- with .static.subPath }}
  subPath: {{ . | quote }}
  {{- end }}
  {{- end }}
{{- end }}
{{- with .extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
