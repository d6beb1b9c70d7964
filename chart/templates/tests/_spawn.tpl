{{- /* What a default user gets once the release went through the post-renderer, for `helm test`: pair or plain. */ -}}
{{- define "kernelpair.tests.expected" -}}
{{- $gateway := .Values.kernelGateway -}}
{{- $asked := get .Values.singleuser.extraAnnotations "kernelpair/split" -}}
{{- $pair := and $gateway.enabled (ne $asked "false") (or (not $gateway.optIn) (eq $asked "true")) -}}
{{- range $gateway.plainUrls -}}
  {{- if and . (hasPrefix (trimSuffix "/" .) $.Values.singleuser.defaultUrl) }}{{ $pair = false }}{{ end -}}
{{- end -}}
{{- $pair | ternary "pair" "plain" -}}
{{- end -}}

{{- /* Annotations of what exists for `helm test` only: (list $ weight). What is left of the last run goes before. */ -}}
{{- define "kernelpair.tests.metadata" -}}
{{- include "kernelpair.metadata" (list (first .) "test" (dict
    "helm.sh/hook" "test"
    "helm.sh/hook-weight" (last .)
    "helm.sh/hook-delete-policy" "before-hook-creation")) -}}
{{- end -}}
