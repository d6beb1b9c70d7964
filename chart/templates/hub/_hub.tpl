{{- /* Where the hub is for the proxy, for users' servers and for itself. */ -}}
{{- define "kernelpair.hub.url" -}}
http://{{ include "kernelpair.componentName" (list . "hub") }}:8081
{{- end -}}

{{- define "kernelpair.hub.serviceAccount" -}}
{{- .Values.hub.serviceAccount.name | default (include "kernelpair.componentName" (list . "hub")) -}}
{{- end -}}

{{- define "kernelpair.hub.secret" -}}
{{- .Values.hub.existingSecret | default (include "kernelpair.componentName" (list . "hub")) -}}
{{- end -}}

{{- /* The keys of the tokens in the hub's Secret, as zero-to-jupyterhub calls them, by the variables that take them. */ -}}
{{- define "kernelpair.hub.tokens" -}}
JPY_COOKIE_SECRET: hub.config.JupyterHub.cookie_secret
CONFIGPROXY_AUTH_TOKEN: hub.config.ConfigurableHTTPProxy.auth_token
JUPYTERHUB_CRYPT_KEY: hub.config.CryptKeeper.keys
{{- end -}}

{{- /* The variable that takes one of them: (list $ variable). */ -}}
{{- define "kernelpair.hub.token" -}}
{{- $variable := last . -}}
{{- $reference := dict "name" (include "kernelpair.hub.secret" (first .)) "key" (get (include "kernelpair.hub.tokens" . | fromYaml) $variable) -}}
{{- /* Only auth state needs it, and a Secret of the operator's own may do without. */ -}}
{{- if and (first .).Values.hub.existingSecret (eq $variable "JUPYTERHUB_CRYPT_KEY") }}{{ $_ := set $reference "optional" true }}{{ end -}}
{{- dict "name" $variable "valueFrom" (dict "secretKeyRef" $reference) | toYaml -}}
{{- end -}}

{{- define "kernelpair.hub.isSqlite" -}}
{{- if hasPrefix "sqlite" .Values.hub.db.type }}true{{ end -}}
{{- end -}}

{{- /* Whether anybody may log in under any name. */ -}}
{{- define "kernelpair.hub.isDummy" -}}
{{- $class := dig "JupyterHub" "authenticator_class" "" .Values.hub.config -}}
{{- if has $class (list "dummy" "jupyterhub.auth.DummyAuthenticator") }}true{{ end -}}
{{- end -}}

{{- /* What files/hub/hubconfig.py reads: hub.json of the ConfigMap, as JSON. */ -}}
{{- define "kernelpair.hub.facts" -}}
{{- $user := pick .Values.singleuser "port" "startTimeout" "profileList" -}}
{{- $storage := pick .Values.singleuser.storage "type" "capacity" "dynamic" -}}
{{- $_ := set $user "storage" (include "kernelpair.overlay" (list $storage (dict "capacity" (include "kernelpair.text" $storage.capacity))) | fromJson) -}}
{{- dict
    "baseUrl" .Values.hub.baseUrl
    "hubUrl" (include "kernelpair.hub.url" .)
    "proxyApiUrl" (printf "http://%s:8001" (include "kernelpair.componentName" (list . "proxy-api")))
    "podTemplate" (include "kernelpair.componentName" (list . "singleuser"))
    "labels" (include "kernelpair.commonLabels" . | fromYaml)
    "dbType" .Values.hub.db.type
    "flag" (.Values.kernelGateway.enabled | default false)
    "cull" .Values.cull
    "singleuser" $user
  | toPrettyJson -}}
{{- end -}}

{{- /* And operator.json of the Secret. */ -}}
{{- define "kernelpair.hub.operator" -}}
{{- dict "config" .Values.hub.config "extraConfig" .Values.hub.extraConfig "dbUrl" .Values.hub.db.url | toPrettyJson -}}
{{- end -}}
