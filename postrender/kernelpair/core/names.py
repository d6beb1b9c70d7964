"""The names that kernelpair gives to things in a pod; each stands here once."""

from __future__ import annotations

STATUS = "kernelpair/status"
SETTINGS = "kernelpair/settings"
SPLIT = "kernelpair/split"
CONTAINER = "kernelpair/container"
POD_TEMPLATE = "kernelpair/pod-template"
"""On the Deployment of our chart's hub: the name of the PodTemplate that its users' pods are made of."""

NOTEBOOK = "notebook"
KERNEL = "kernel"

RUNTIME_VOLUME = "kernelpair-runtime"
RUN_VOLUME = "kernelpair-run"
PACKAGES_VOLUME = "kernelpair-gateway"
HOME_VOLUME = "kernelpair-home"
HOME_INIT = "kernelpair-home"
BUNDLE_VOLUME = "kernelpair-bundle"
BUNDLE_INIT = "kernelpair-bundle"
VOLUMES = (RUNTIME_VOLUME, RUN_VOLUME, PACKAGES_VOLUME, HOME_VOLUME, BUNDLE_VOLUME)
INITS = (HOME_INIT, BUNDLE_INIT)

RUNTIME_DIR = "/opt/kernelpair"
RUN_DIR = "/run/kernelpair"
JUPYTER_DIR = f"{RUN_DIR}/jupyter"
PACKAGES_DIR = "/opt/kernelpair-gateway"
HOME_TARGET = "/run/kernelpair-home"
BUNDLE_DIR = "/opt/kernelpair-bundle"
"""Where a bundle is: in the image that holds it, and in the kernel container."""
BUNDLE_TARGET = "/run/kernelpair-bundle"
"""Where the init container mounts the volume into which it copies the bundle."""

RUNTIME_SUFFIX = "-kernelpair"
"""How the name of every runtime ConfigMap ends."""


def runtime_config_map(owner: str) -> str:
    """Return the name of the ConfigMap with the runtime files that belongs to the object ``owner``.

    Names are DNS subdomains of at most 253 characters (Kubernetes); a longer one keeps its head and gets a digest.
    """
    if len(owner) + len(RUNTIME_SUFFIX) <= 253:
        return owner + RUNTIME_SUFFIX
    import hashlib

    digest = hashlib.sha256(owner.encode()).hexdigest()[:8]
    return f"{owner[: 253 - len(RUNTIME_SUFFIX) - 9].rstrip('-.')}-{digest}{RUNTIME_SUFFIX}"
