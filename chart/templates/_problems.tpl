{{- /*
What is wrong with the values beyond what values.schema.json can say. Each rule is a template of its own that yields
nothing or problems; templates/validate.yaml shows all of them at once.
*/ -}}

{{- /* Every problem, as a YAML list of {key, value, why, fix}. A new rule is added to this table. */ -}}
{{- define "kernelpair.problems" -}}
{{- range list
    "frontEndImage"
    "imageVersions"
    "ports"
    "guarantees"
    "extraResources"
    "homeClaims"
    "volumes"
    "containerNames"
    "podConfig"
    "profileNames"
    "profileSlugs"
    "profileDefaults"
    "publicDummy"
    "databaseUrl"
    "ownTraits"
    "ownVariables"
    "serviceAccount" }}
{{- include (printf "kernelpair.problems.%s" .) $ }}
{{- end }}
{{- end -}}

{{- /* One problem: (list key value why fix). */ -}}
{{- define "kernelpair.problem" }}
- {{ dict "key" (index . 0) "value" (index . 1) "why" (index . 2) "fix" (index . 3) | toJson }}
{{- end -}}

{{- define "kernelpair.problems.frontEndImage" -}}
{{- $name := dig "notebook" "image" "name" "" .Values.kernelGateway -}}
{{- if and .Values.kernelGateway.enabled (not $name) -}}
{{- include "kernelpair.problem" (list "kernelGateway.notebook.image.name" $name
    "the flag is on and no front-end image is set"
    "name the image that runs JupyterLab, or set kernelGateway.enabled to false") -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.imageVersions" -}}
{{- range $key, $image := dict
    "kernelGateway.notebook.image" (dig "notebook" "image" dict .Values.kernelGateway)
    "kernelGateway.gateway.bundle.image" (dig "gateway" "bundle" "image" dict .Values.kernelGateway)
    "singleuser.image" .Values.singleuser.image
    "hub.image" .Values.hub.image
    "proxy.chp.image" .Values.proxy.chp.image
    "prePuller.pause.image" .Values.prePuller.pause.image -}}
  {{- if and $image.name (not $image.tag) (not $image.digest) -}}
  {{- include "kernelpair.problem" (list (printf "%s.tag" $key) ""
      (printf "%s has neither a tag nor a digest: it would be whatever `latest` is on that day" $image.name)
      (printf "set %s.tag or %s.digest" $key $key)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.ports" -}}
{{- $port := dig "kernel" "port" 0 .Values.kernelGateway -}}
{{- if and .Values.kernelGateway.enabled (eq (int64 $port) (int64 .Values.singleuser.port)) -}}
{{- include "kernelpair.problem" (list "kernelGateway.kernel.port" $port
    "singleuser.port is the same, and the containers of a pod share its ports"
    "give them two free ports, such as 8888 and 8889") -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.guarantees" -}}
{{- $amounts := dict
    "memory" (list .Values.singleuser.memory "kernelpair.bytes")
    "cpu" (list .Values.singleuser.cpu "kernelpair.cores") -}}
{{- range $name, $amount := $amounts -}}
  {{- $sizes := first $amount -}}
  {{- if and $sizes.limit $sizes.guarantee -}}
    {{- $limit := include (last $amount) $sizes.limit | float64 -}}
    {{- if gt (include (last $amount) $sizes.guarantee | float64) $limit -}}
    {{- include "kernelpair.problem" (list (printf "singleuser.%s.guarantee" $name) $sizes.guarantee
        (printf "it is more than singleuser.%s.limit (%s), and Kubernetes refuses such a pod" $name
          (include "kernelpair.text" $sizes.limit))
        "lower the guarantee or raise the limit") -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- /* Kubernetes never overcommits extended resources: those with a domain, such as nvidia.com/gpu. */ -}}
{{- define "kernelpair.problems.extraResources" -}}
{{- $limits := .Values.singleuser.extraResource.limits -}}
{{- $guarantees := .Values.singleuser.extraResource.guarantees -}}
{{- range $name, $amount := $guarantees -}}
  {{- $limit := get $limits $name | include "kernelpair.text" -}}
  {{- if and (contains "/" $name) (ne (include "kernelpair.text" $amount) $limit) -}}
  {{- include "kernelpair.problem" (list (printf "singleuser.extraResource.guarantees.%s" $name) $amount
      "Kubernetes wants the limit of such a resource to be the same"
      (printf "set singleuser.extraResource.limits.%s to the same, or leave the guarantee out" $name)) -}}
  {{- end -}}
{{- end -}}
{{- range $block, $amounts := dict "limits" $limits "guarantees" $guarantees -}}
  {{- range $name := list "memory" "cpu" -}}
    {{- if hasKey $amounts $name -}}
    {{- include "kernelpair.problem" (list (printf "singleuser.extraResource.%s.%s" $block $name) (get $amounts $name)
        (printf "%s has keys of its own" $name)
        (printf "set singleuser.%s.%s" $name (trimSuffix "s" $block))) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.homeClaims" -}}
{{- $storage := .Values.singleuser.storage -}}
{{- if and (eq $storage.type "static") (not $storage.static.pvcName) -}}
{{- include "kernelpair.problem" (list "singleuser.storage.static.pvcName" ""
    "singleuser.storage.type is static, and the homes are in no claim"
    "name the claim, or set singleuser.storage.type to dynamic or none") -}}
{{- end -}}
{{- $template := $storage.dynamic.pvcNameTemplate -}}
{{- if and (eq $storage.type "dynamic") (not (regexMatch "\\{(un)?(escaped_)?user" $template)) -}}
{{- include "kernelpair.problem" (list "singleuser.storage.dynamic.pvcNameTemplate" $template
    "no user is in it, so that all users would share one home"
    "write a name such as claim-{user_server}") -}}
{{- end -}}
{{- end -}}

{{- /* Volumes and mounts that the API server would refuse, or that would hide the home. */ -}}
{{- define "kernelpair.problems.volumes" -}}
{{- $storage := .Values.singleuser.storage -}}
{{- $volumes := ne $storage.type "none" | ternary (list "home") list -}}
{{- $paths := ne $storage.type "none" | ternary (list $storage.homeMountPath) list -}}
{{- range $i, $volume := $storage.extraVolumes -}}
  {{- if has $volume.name $volumes -}}
  {{- include "kernelpair.problem" (list (printf "singleuser.storage.extraVolumes[%d].name" $i) $volume.name
      "there is a volume of that name already (the home's is called home)" "give it another name") -}}
  {{- end -}}
  {{- $volumes = append $volumes $volume.name -}}
{{- end -}}
{{- range $i, $mount := $storage.extraVolumeMounts -}}
  {{- if not (has $mount.name $volumes) -}}
  {{- include "kernelpair.problem" (list (printf "singleuser.storage.extraVolumeMounts[%d].name" $i) $mount.name
      "there is no such volume" (printf "name one of: %s" ($volumes | join ", " | default "(there are none)"))) -}}
  {{- end -}}
  {{- if has $mount.mountPath $paths -}}
  {{- include "kernelpair.problem" (list (printf "singleuser.storage.extraVolumeMounts[%d].mountPath" $i) $mount.mountPath
      "something is mounted there already (the home is at singleuser.storage.homeMountPath)" "mount it elsewhere") -}}
  {{- end -}}
  {{- $paths = append $paths $mount.mountPath -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.containerNames" -}}
{{- $taken := .Values.kernelGateway.enabled | default false | ternary (list "notebook" "kernel") (list "notebook") -}}
{{- $user := .Values.singleuser -}}
{{- range $key, $containers := dict "extraContainers" $user.extraContainers "initContainers" $user.initContainers -}}
  {{- range $i, $container := $containers -}}
    {{- if has $container.name $taken -}}
    {{- include "kernelpair.problem" (list (printf "singleuser.%s[%d].name" $key $i) $container.name
        "the pod has a container of that name: notebook is the user's, kernel the pair's" "give it another name") -}}
    {{- end -}}
    {{- $taken = append $taken $container.name -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.podConfig" -}}
{{- $keys := dict
    "containers" "singleuser.extraContainers"
    "initContainers" "singleuser.initContainers"
    "volumes" "singleuser.storage.extraVolumes" -}}
{{- range $field, $key := $keys -}}
  {{- if hasKey $.Values.singleuser.extraPodConfig $field -}}
  {{- include "kernelpair.problem" (list (printf "singleuser.extraPodConfig.%s" $field) "(a list)"
      (printf "it would replace the chart's %s" $field) (printf "write them under %s" $key)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.profileNames" -}}
{{- range $i, $profile := .Values.singleuser.profileList -}}
  {{- if not $profile.display_name -}}
  {{- include "kernelpair.problem" (list (printf "singleuser.profileList[%d].display_name" $i) ""
      "users choose a profile by it" "give the profile a display_name") -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- /* A profile without a slug gets one made of its name, as KubeSpawner does. */ -}}
{{- define "kernelpair.problems.profileSlugs" -}}
{{- $seen := dict -}}
{{- range $i, $profile := .Values.singleuser.profileList -}}
  {{- $made := regexReplaceAll "[^a-z0-9]+" ($profile.display_name | default "" | lower) "-" | trimAll "-" -}}
  {{- $slug := $profile.slug | default $made -}}
  {{- if not (hasKey $seen $slug) -}}
  {{- $_ := set $seen $slug $i -}}
  {{- else if $slug -}}
  {{- include "kernelpair.problem" (list (printf "singleuser.profileList[%d].slug" $i) $slug
      (printf "singleuser.profileList[%d] has the same, and a choice is kept by it" (get $seen $slug))
      "give one of them another slug or display_name") -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.profileDefaults" -}}
{{- $defaults := list -}}
{{- range $i, $profile := .Values.singleuser.profileList -}}
  {{- if $profile.default }}{{ $defaults = append $defaults (printf "singleuser.profileList[%d]" $i) }}{{ end -}}
{{- end -}}
{{- if gt (len $defaults) 1 -}}
{{- include "kernelpair.problem" (list (printf "%s.default" (last $defaults)) true
    (printf "there is one default, and these say they are it: %s" (join ", " $defaults)) "keep one") -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.publicDummy" -}}
{{- $public := list -}}
{{- if .Values.ingress.enabled }}{{ $public = append $public "ingress.enabled is on" }}{{ end -}}
{{- if ne .Values.proxy.service.type "ClusterIP" -}}
  {{- $public = append $public (printf "proxy.service.type is %s" .Values.proxy.service.type) -}}
{{- end -}}
{{- if and $public (include "kernelpair.hub.isDummy" .) -}}
{{- include "kernelpair.problem" (list "hub.config.JupyterHub.authenticator_class" "dummy"
    (printf "it lets anybody in under any name, and the hub is public: %s" (join ", " $public))
    "set a real authenticator, or keep ingress.enabled off and proxy.service.type ClusterIP") -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.databaseUrl" -}}
{{- $db := .Values.hub.db -}}
{{- if and (include "kernelpair.hub.isSqlite" .) $db.url -}}
{{- include "kernelpair.problem" (list "hub.db.url" "(a URL)"
    (printf "hub.db.type is %s, which has its own" $db.type) "set hub.db.type to mysql or postgres, or leave the URL out") -}}
{{- else if not (or (include "kernelpair.hub.isSqlite" .) $db.url) -}}
{{- include "kernelpair.problem" (list "hub.db.url" ""
    (printf "hub.db.type is %s, and nothing says where that is" $db.type)
    "write it as SQLAlchemy does: postgresql+psycopg2://user@host:5432/name, mysql+pymysql://user@host:3306/name") -}}
{{- end -}}
{{- end -}}

{{- /* Traits that the rest of the release relies on; values are not shown, they may be passwords. */ -}}
{{- define "kernelpair.problems.ownTraits" -}}
{{- $token := "in the Secret that hub.existingSecret names: hub.config must not hold tokens" -}}
{{- $owned := dict
    "JupyterHub.base_url" "as hub.baseUrl"
    "JupyterHub.db_url" "as hub.db.url"
    "JupyterHub.cookie_secret" $token
    "JupyterHub.hub_bind_url" "nowhere: the hub's Service and probes rely on it"
    "JupyterHub.hub_connect_url" "nowhere: it is the hub's Service"
    "JupyterHub.spawner_class" "nowhere: the chart's spawner is a KubeSpawner, take hub.config.KubeSpawner; for another one, zero-to-jupyterhub"
    "ConfigurableHTTPProxy.auth_token" $token
    "ConfigurableHTTPProxy.api_url" "nowhere: it is the proxy's Service"
    "ConfigurableHTTPProxy.should_start" "nowhere: the proxy is a pod of its own"
    "CryptKeeper.keys" $token -}}
{{- range $name, $place := $owned -}}
  {{- $class := splitList "." $name | first -}}
  {{- $trait := splitList "." $name | last -}}
  {{- if hasKey (get $.Values.hub.config $class | default dict) $trait -}}
  {{- include "kernelpair.problem" (list (printf "hub.config.%s" $name) "(set)"
      "the chart sets it" (printf "write it %s" $place)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.ownVariables" -}}
{{- $taken := append (include "kernelpair.hub.tokens" . | fromYaml | keys) "POD_NAMESPACE" -}}
{{- range $name, $_ := include "kernelpair.env.entries" (list .Values.hub.extraEnv) | fromJson -}}
  {{- if has $name $taken -}}
  {{- include "kernelpair.problem" (list (printf "hub.extraEnv.%s" $name) "(set)"
      "the chart sets it" "leave it out; tokens of your own go into the Secret that hub.existingSecret names") -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "kernelpair.problems.serviceAccount" -}}
{{- $account := .Values.hub.serviceAccount -}}
{{- if not (or $account.create $account.name) -}}
{{- include "kernelpair.problem" (list "hub.serviceAccount.name" ""
    "hub.serviceAccount.create is off, and the hub needs an account that may make pods"
    "name one, or set hub.serviceAccount.create to true") -}}
{{- end -}}
{{- end -}}
