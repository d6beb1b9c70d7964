"""Streams of manifests to measure with: made by rules, the same bytes every time."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator

FRONT_END = "quay.io/jupyterhub/k8s-singleuser-sample"
USER_IMAGE = "quay.io/jupyter/scipy-notebook:2026-04-20"
_SERVICES = ("announcement", "culler", "dask-gateway", "exchange", "files", "grader", "hub", "prober", "proxy", "usage")
_LABELS = "app: jupyterhub, release: {release}, chart: jupyterhub-4.3.5, component: "


def hub_release(enabled: bool | None, release: str = "hub") -> str:
    """A release of about 150 KB like zero-to-jupyterhub's; all names begin with `release`.

    It has a Secret with the values, ConfigMaps with programs, workloads, services, RBAC and network policies. Its one
    pod template with settings, last but two, has the flag on or off; with None there is none.
    """
    services = [document for name in _SERVICES for document in _service(name)]
    template = [] if enabled is None else [pod_template(f"{release}-singleuser", enabled)]
    tail = [_placeholder(), _storage()]
    documents = [_configuration(), _values(), *services, *template, *tail]
    return "".join(f"---\n{document}" for document in documents).replace("{release}", release)


def pod_template(name: str, enabled: bool) -> str:
    """A PodTemplate with settings of its own, in the words of `helm template chart/`."""
    settings = {
        "enabled": enabled,
        "kernel": {"env": {}, "overrides": {}, "passHubCredentials": "auto", "port": 8889, "sharedHome": "auto"},
        "notebook": {"image": {"name": FRONT_END, "tag": "4.3.2"}, "overrides": {}, "terminals": "kernel"},
        "onRefusal": "plain",
        "plainUrls": ["/rstudio", "/desktop"],
    }
    return f"""\
# Source: jupyterhub/templates/singleuser/podtemplate.yaml
apiVersion: v1
kind: PodTemplate
metadata:
  name: "{name}"
  labels:
    app.kubernetes.io/component: "singleuser"
  annotations:
    kernelpair/settings: '{json.dumps(settings, separators=(",", ":"))}'
template:
  metadata:
    labels:
      app.kubernetes.io/component: singleuser
  spec:
    automountServiceAccountToken: false
    securityContext:
      fsGroup: 100
    volumes:
      - name: home
        persistentVolumeClaim:
          claimName: claim-{name}
    containers:
      - name: notebook
        image: "{USER_IMAGE}"
        args:
          - jupyterhub-singleuser
        env:
          - name: JUPYTER_IMAGE
            value: "{USER_IMAGE}"
          - name: MEM_GUARANTEE
            value: "1073741824"
        ports:
          - name: notebook-port
            containerPort: 8888
        resources:
          limits:
            nvidia.com/gpu: "1"
          requests:
            memory: 1Gi
        securityContext:
          allowPrivilegeEscalation: false
          runAsUser: 1000
        volumeMounts:
          - mountPath: /home/jovyan
            name: home
"""


def z2jh_release(enabled: bool, release: str = "hub") -> str:
    """A release of about 150 KB in the shape that zero-to-jupyterhub renders, with an operator's profiles and programs.

    Its values, in a Secret, turn `custom.kernelGateway` on or off. Like the chart's it has some 40 documents: the hub
    with its ConfigMap and Secret, what pulls images, and the rest, which is no business of kernelpair's.
    """
    others = [document for name in _Z2JH_OTHERS for document in _service(name, config=f"{name}-config")]
    hub = [*_service("hub", config="hub-config", secret="hub-values")]
    pullers = [_puller(name) for name in ("continuous-image-puller", "hook-image-puller")]
    documents = [_z2jh_values(enabled), _configuration(), *others, *pullers, *hub, _placeholder(), _storage()]
    return "".join(f"---\n{document}" for document in documents).replace("{release}", release)


_Z2JH_OTHERS = ("proxy", "user-scheduler", "culler", "announcement", "user-placeholder")


def nothing_to_split(size: int) -> Iterator[str]:
    """Pieces of a stream of at least `size` bytes without settings, every object under a name of its own.

    The documents are few and large, 30 KB on average: kustomize's time grows with the square of their number.
    """
    made, number = 0, 0
    while made < size:
        number += 1
        documents = (_configuration(), _values(), _deployment("hub"))
        piece = "".join(f"---\n{document}" for document in documents).replace("{release}", f"hub{number:05d}")
        made += len(piece.encode())
        yield piece


def pod_templates(count: int) -> Iterator[str]:
    """Pieces of a stream of `count` pod templates to split, one a document."""
    for number in range(count):
        yield "---\n" + pod_template(f"user-{number:05d}", enabled=True)


def _words(seed: str, count: int) -> Iterator[str]:
    """Yield hexadecimal words that look random and are the same every time."""
    for number in range(count):
        yield hashlib.sha256(f"{seed}{number}".encode()).hexdigest()[:12]


def _head(kind: str, api: str, name: str, component: str) -> str:
    return f"""\
# Source: jupyterhub/templates/{component}/{kind.lower()}.yaml
apiVersion: {api}
kind: {kind}
metadata:
  name: {{release}}-{name}
  labels: {{{_LABELS}{component}}}
"""


def _configuration() -> str:
    """The hub's ConfigMap: programs as block scalars, about 40 KB."""
    return (
        _head("ConfigMap", "v1", "hub-config", "hub")
        + "data:\n  jupyterhub_config.py: |\n"
        + _program("config", 112)
        + "  z2jh.py: |\n"
        + _program("z2jh", 36)
    )


def _program(seed: str, functions: int) -> str:
    return "".join(
        f"""\
    # Reads {word} from the values: "---" and "{{}}" are ordinary text here.
    def get_{word}(default=None):
        value = get_config("singleuser.{word}", default)
        return value if value is not None else {{"key": "{word}"}}

"""
        for word in _words(seed, functions)
    )


def _values() -> str:
    """The hub's Secret: all values on one base64 line, about 50 KB."""
    values = {
        f"profile-{word}": {"image": f"quay.io/example/{word}:{number}", "cpu": 1 + number % 8, "memory": "4G"}
        for number, word in enumerate(_words("values", 370))
    }
    encoded = base64.b64encode(json.dumps(values).encode()).decode()
    return _head("Secret", "v1", "hub-values", "hub") + f'type: Opaque\ndata:\n  values.yaml: "{encoded}"\n'


def _z2jh_values(enabled: bool) -> str:
    """The Secret with a release's values, YAML in base64: an operator's profiles and programs, about 60 KB."""
    profiles = "".join(_profile(word, number) for number, word in enumerate(_words("profile", 40)))
    programs = "".join(
        f"    {number:02d}-{word}: |\n" + "".join(f"  {line}" for line in _program(word, 12).splitlines(keepends=True))
        for number, word in enumerate(_words("extra", 6))
    )
    values = f"""\
custom:
  kernelGateway:
    enabled: {str(enabled).lower()}
    notebook:
      image:
        name: {FRONT_END}
        tag: 4.3.2
hub:
  extraConfig:
{programs}\
singleuser:
  profileList:
{profiles}"""
    encoded = base64.b64encode(values.encode()).decode()
    return _head("Secret", "v1", "hub-values", "hub") + f'type: Opaque\ndata:\n  values.yaml: "{encoded}"\n'


def _profile(word: str, number: int) -> str:
    return f"""\
  - display_name: Environment {word}
    description: "{number + 1} cores and a GPU on request"
    kubespawner_override:
      image: quay.io/example/{word}:{number}
      cpu_limit: {number + 1}
      mem_limit: {2 * number + 2}G
      node_selector:
        example.org/pool: pool-{word}
    profile_options:
      gpu:
        display_name: GPU
        choices:
          none:
            display_name: None
            default: true
            kubespawner_override:
              extra_resource_limits: {{}}
          one:
            display_name: One
            kubespawner_override:
              extra_resource_limits:
                nvidia.com/gpu: "1"
"""


def _puller(name: str) -> str:
    """A DaemonSet that pulls users' images by init containers."""
    containers = "".join(
        f"""\
        - name: image-pull-{word}
          image: quay.io/example/{word}:{number}
          command: [/bin/sh, -c, echo "Pulling complete"]
          resources: {{}}
          securityContext:
            allowPrivilegeEscalation: false
            runAsUser: 65534
"""
        for number, word in enumerate(_words("puller", 8))
    )
    return (
        _head("DaemonSet", "apps/v1", name, name)
        + f"""\
spec:
  selector:
    matchLabels: {{{_LABELS}{name}}}
  template:
    metadata:
      labels: {{{_LABELS}{name}}}
    spec:
      automountServiceAccountToken: false
      initContainers:
{containers}\
      containers:
        - name: pause
          image: registry.example.org/pause:3.10
          resources: {{}}
"""
    )


def _service(name: str, config: str = "hub-config", secret: str = "") -> Iterator[str]:
    """What one part of the hub consists of: a workload, its service, rights and network policy; about 5 KB.

    The workload mounts the ConfigMap ``config``, and the Secret ``secret`` if there is one.
    """
    yield _deployment(name, config, secret)
    yield (
        _head("Service", "v1", name, name)
        + f"spec:\n  selector: {{{_LABELS}{name}}}\n"
        + "  ports:\n    - name: http\n      port: 80\n      targetPort: http\n"
    )
    yield _head("ServiceAccount", "v1", name, name)
    rules = "".join(
        f'  - apiGroups: [""]\n    resources: ["{kind}"]\n    verbs: ["get", "watch", "list", "create", "delete"]\n'
        for kind in ("pods", "persistentvolumeclaims", "secrets", "services", "events")
    )
    yield _head("Role", "rbac.authorization.k8s.io/v1", name, name) + "rules:\n" + rules
    yield (
        _head("RoleBinding", "rbac.authorization.k8s.io/v1", name, name)
        + f"subjects:\n  - kind: ServiceAccount\n    name: {{release}}-{name}\n"
        + f"roleRef:\n  kind: Role\n  name: {{release}}-{name}\n  apiGroup: rbac.authorization.k8s.io\n"
    )
    peers = "".join(
        f"    - ports:\n        - port: {8000 + number}\n      from:\n        - podSelector:\n"
        f'            matchLabels:\n              hub.jupyter.org/network-access-{word}: "true"\n'
        for number, word in enumerate(_words(name, 6))
    )
    yield (
        _head("NetworkPolicy", "networking.k8s.io/v1", name, name)
        + f"spec:\n  podSelector:\n    matchLabels: {{{_LABELS}{name}}}\n  policyTypes: [Ingress, Egress]\n  ingress:\n"
        + peers
    )


def _deployment(name: str, config: str = "hub-config", secret: str = "") -> str:
    volume = (
        f"        - name: secret\n          secret:\n            secretName: {{release}}-{secret}\n" if secret else ""
    )
    variables = "".join(
        f'            - name: VARIABLE_{word.upper()}\n              value: "{word}"\n' for word in _words(name, 24)
    )
    return (
        _head("Deployment", "apps/v1", name, name)
        + f"""\
spec:
  replicas: 1
  selector:
    matchLabels: {{{_LABELS}{name}}}
  template:
    metadata:
      labels: {{{_LABELS}{name}}}
      annotations:
        checksum/config-map: {hashlib.sha256(name.encode()).hexdigest()}
    spec:
      serviceAccountName: {{release}}-{name}
      volumes:
        - name: config
          configMap:
            name: {{release}}-{config}
{volume}\
      containers:
        - name: {name}
          image: quay.io/jupyterhub/k8s-{name}:4.3.5
          args: [jupyterhub, --config, /usr/local/etc/jupyterhub/jupyterhub_config.py]
          volumeMounts:
            - mountPath: /usr/local/etc/jupyterhub
              name: config
          resources: {{}}
          env:
{variables}\
          ports:
            - name: http
              containerPort: 8081
          readinessProbe:
            httpGet:
              path: /hub/health
              port: http
"""
    )


def _placeholder() -> str:
    return (
        _head("PodDisruptionBudget", "policy/v1", "hub", "hub")
        + f"spec:\n  minAvailable: 1\n  selector:\n    matchLabels: {{{_LABELS}hub}}\n"
    )


def _storage() -> str:
    return (
        _head("PersistentVolumeClaim", "v1", "hub-db-dir", "hub")
        + "spec:\n  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: 1Gi\n"
    )
