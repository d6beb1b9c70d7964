"""The table of keys of the ``kernelGateway`` block: path, what it accepts, default, meaning."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import kinds


class Key(NamedTuple):
    """One key of the settings: dotted path, kind, default, and its meaning for people."""

    path: str
    kind: kinds.Kind
    default: Any
    doc: str


KEYS: tuple[Key, ...] = (
    Key("enabled", kinds.FLAG, False, "The feature flag. Off: nothing changes, to the byte."),
    Key("optIn", kinds.FLAG, False, 'Split only pods that say `kernelpair/split: "true"`.'),
    Key("userChoice", kinds.FLAG, False, "Let the user choose on the spawn page."),
    Key("onRefusal", kinds.choice("plain", "fail"), "plain", "What a spawn does when its pod can't be split."),
    Key(
        "plainUrls",
        kinds.TEXTS,
        ["/rstudio", "/desktop"],
        "Default URLs that only the user image can serve: spawned plain.",
    ),
    Key(
        "podResources",
        kinds.FLAG,
        False,
        "State the pod's total of CPU and memory at pod level too (Kubernetes 1.34+).",
    ),
    Key(
        "notebook.image.name", kinds.TEXT, "", "The front-end image: JupyterLab, jupyter_server, jupyterhub-singleuser."
    ),
    Key("notebook.image.tag", kinds.TEXT, "", "Its tag."),
    Key("notebook.image.digest", kinds.TEXT, "", "Its digest, `sha256:...`."),
    Key("notebook.image.pullPolicy", kinds.PULL_POLICY, "IfNotPresent", "When the front-end image is pulled."),
    Key(
        "notebook.image.pullSecrets", kinds.SECRETS, [], "Secrets to pull the front-end image with, added to the pod's."
    ),
    Key(
        "notebook.resources",
        kinds.RESOURCE_REQUIREMENTS,
        {},
        "Small resources of the notebook's own, where a quota asks for them.",
    ),
    Key(
        "notebook.reserve",
        kinds.RESERVE,
        {},
        "A share for the notebook, taken out of the kernel's. Recommended in production.",
    ),
    Key("notebook.terminals", kinds.TERMINALS, "kernel", "Where terminals open."),
    Key("notebook.overrides", kinds.OVERRIDES, {}, "Fields merged over the notebook container."),
    Key("kernel.port", kinds.PORT, 8889, "Where the gateway listens, on 127.0.0.1 inside the pod."),
    Key("kernel.env", kinds.ENV, {}, "Variables added to the kernel's; one that the pod sets stays as the pod has it."),
    Key(
        "kernel.passHubCredentials",
        kinds.SWITCH,
        "auto",
        "Whether the kernel gets the hub's tokens; auto: where a dask-gateway client needs them.",
    ),
    Key("kernel.home", kinds.TEXT, "", "The user's home, where neither HOME nor workingDir tells."),
    Key(
        "kernel.sharedHome",
        kinds.choice("auto", "copy", "emptyDir", "none"),
        "auto",
        "How the home is shared when no volume is mounted there.",
    ),
    Key(
        "kernel.memoryGuard",
        kinds.FLAG,
        True,
        "Stop the largest kernel just before the container's memory limit would end it and all the others.",
    ),
    Key(
        "kernel.prestart",
        kinds.SWITCH,
        "auto",
        "Load the first Python kernel before it is asked for; auto: where 512 MiB of the memory limit are free.",
    ),
    Key("kernel.nativeSidecar", kinds.FLAG, False, "Run the kernel container as a native sidecar. Jobs always do."),
    Key("kernel.overrides", kinds.OVERRIDES, {}, "Fields merged over the kernel container."),
    Key(
        "gateway.source",
        kinds.choice("auto", "image", "bundle", "pip"),
        "auto",
        "Where jupyter-kernel-gateway comes from; auto: a bundle, else the user's image, else pip.",
    ),
    Key("gateway.bundle.image.name", kinds.TEXT, "", "The image that holds the bundle; the front-end's unless given."),
    Key("gateway.bundle.image.tag", kinds.TEXT, "", "Its tag."),
    Key("gateway.bundle.image.digest", kinds.TEXT, "", "Its digest, `sha256:...`."),
    Key("gateway.bundle.image.pullPolicy", kinds.PULL_POLICY, "IfNotPresent", "When an image named here is pulled."),
    Key("gateway.bundle.image.pullSecrets", kinds.SECRETS, [], "Secrets to pull it with, added to the pod's."),
    Key(
        "gateway.bundle.mount",
        kinds.choice("initContainer", "imageVolume", "pvc"),
        "initContainer",
        "How the bundle gets into the pod: copied from its image, mounted from it (Kubernetes 1.33+), or from a claim.",
    ),
    Key("gateway.bundle.claim", kinds.TEXT, "", "The PersistentVolumeClaim whose root is the bundle, for mount `pvc`."),
    Key("gateway.pip.requirement", kinds.TEXT, "jupyter-kernel-gateway==3.0.1", "What pip installs before launch."),
    Key("gateway.pip.indexUrl", kinds.TEXT, "", "The package index; empty: pip's own configuration."),
    Key("gateway.pip.constraints", kinds.TEXT, "", "A constraints file or its URL, as `pip -c` takes it."),
    Key(
        "gateway.pip.caCertificate", kinds.TEXT, "", "A file in the user's image with the index's CA, as `pip --cert`."
    ),
    Key("gateway.timeouts.start", kinds.SECONDS, 120, "Seconds until the gateway must answer."),
    Key("gateway.timeouts.connect", kinds.SECONDS, 40, "Seconds the notebook waits for a connection to the gateway."),
    Key("gateway.timeouts.request", kinds.SECONDS, 40, "Seconds the notebook waits for an answer of the gateway."),
    Key("audit.annotation", kinds.TEXT, "auditing.image", "The annotation that names the image the user picked."),
)
