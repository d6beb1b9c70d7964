"""What a user's pod may differ in once the hook has split it, written down without the code that splits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.strategies.oracles import pod_requests

Object = dict[str, Any]

ADDED_ANNOTATIONS = {"auditing.image", "kernelpair/status"}
PREFIX = "kernelpair-"
"""How every volume and init container that the hook adds is called."""

MOVED = ("image", "imagePullPolicy", "resources", "env", "volumeMounts", "lifecycle", "securityContext")
"""The fields in which the notebook may differ from the user's container; others are the same or, in lists, longer."""

OF_THE_IMAGE = re.compile("PATH|PYTHONPATH|LD_.*|CONDA_.*")
"""Variables that mean something in the user's image only: the kernel alone gets them."""

CERTIFICATES = "jupyterhub-internal-certs"
CREDENTIALS = {"JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN"}


def container(pod: Object, name: str) -> Object:
    """The container of that name."""
    (found,) = (one for one in pod["spec"]["containers"] if one["name"] == name)
    return found


def differences(before: Object, after: Object, front_end: str) -> list[str]:
    """What is wrong with ``after``, the pair made of the pod ``before``; [] is what every spawn must give."""
    return [
        *_of_metadata(before, after),
        *_of_pod(before, after),
        *_of_notebook(before, after, front_end),
        *_of_kernel(before, after),
    ]


def _of_metadata(before: Object, after: Object) -> Iterator[str]:
    annotations = (before["metadata"].get("annotations") or {}, after["metadata"]["annotations"])
    if annotations[1].keys() - annotations[0].keys() != ADDED_ANNOTATIONS:
        yield f"annotations: {sorted(annotations[1])}"
    if annotations[1]["auditing.image"] != container(before, "notebook")["image"]:
        yield f"auditing.image: {annotations[1]['auditing.image']}"
    if any(annotations[1][key] != value for key, value in annotations[0].items()):
        yield "an annotation of the pod changed"
    if _without(before["metadata"], "annotations") != _without(after["metadata"], "annotations"):
        yield "the metadata changed"


def _of_pod(before: Object, after: Object) -> Iterator[str]:
    for field in ("volumes", "initContainers"):
        kept = [one for one in after["spec"].get(field) or [] if not one["name"].startswith(PREFIX)]
        if kept != (before["spec"].get(field) or []):
            yield f"spec.{field}: {[one['name'] for one in kept]}"
    secrets = [pod["spec"].get("imagePullSecrets") or [] for pod in (before, after)]
    if secrets[1][: len(secrets[0])] != secrets[0]:
        yield f"spec.imagePullSecrets: {secrets[1]}"
    others = ("containers", "volumes", "initContainers", "imagePullSecrets")
    if _without(before["spec"], *others) != _without(after["spec"], *others):
        yield "another field of the pod changed"
    names = [one["name"] for one in before["spec"]["containers"]]
    names.insert(names.index("notebook") + 1, "kernel")
    if [one["name"] for one in after["spec"]["containers"]] != names:
        yield f"containers: {[one['name'] for one in after['spec']['containers']]}"
    ours = ("notebook", "kernel")
    if any(one not in after["spec"]["containers"] for one in before["spec"]["containers"] if one["name"] not in ours):
        yield "another container changed"
    if pod_requests(before["spec"]) != pod_requests(after["spec"]):
        yield f"requests: {pod_requests(before['spec'])} became {pod_requests(after['spec'])}"


def _of_notebook(before: Object, after: Object, front_end: str) -> Iterator[str]:
    user, notebook = container(before, "notebook"), container(after, "notebook")
    if notebook["image"] != front_end:
        yield f"the notebook's image is {notebook['image']}"
    if "resources" in notebook:
        yield f"the notebook has resources: {notebook['resources']}"
    if _without(user, *MOVED) != _without(notebook, *MOVED):
        yield "another field of the notebook changed"
    env = [one for one in user["env"] if not OF_THE_IMAGE.fullmatch(one["name"])]
    for field, kept in (("env", env), ("volumeMounts", user.get("volumeMounts") or [])):
        if not _is_longer(kept, notebook[field]):
            yield f"the notebook lost some of its {field}"


def _of_kernel(before: Object, after: Object) -> Iterator[str]:
    user, kernel = container(before, "notebook"), container(after, "kernel")
    for field in ("image", "imagePullPolicy", "resources", "workingDir", "securityContext", "volumeDevices"):
        if user.get(field) != kernel.get(field):
            yield f"the kernel's {field}: {json.dumps(kernel.get(field))}"
    if not any("kernelpair" in word for word in kernel.get("args") or []) or "command" in kernel:
        yield f"the kernel starts {kernel.get('command')} {kernel.get('args')}"
    if kernel.keys() & {"ports", "readinessProbe", "livenessProbe", "startupProbe"}:
        yield f"the kernel has {sorted(kernel)}"
    lost = {one["name"] for one in user.get("volumeMounts") or [] if one not in kernel["volumeMounts"]}
    if lost - {CERTIFICATES}:
        yield f"the kernel lost mounts of {sorted(lost)}"
    unset = {one["name"] for one in user["env"]} - {one["name"] for one in kernel["env"]} - CREDENTIALS
    if [name for name in unset if "SSL" not in name]:
        yield f"the kernel lost variables: {sorted(unset)}"


def _is_longer(some: list[Any], more: list[Any]) -> bool:
    """Tell whether ``more`` is ``some`` with other items in between."""
    rest = iter(more)
    return all(any(one == other for other in rest) for one in some)


def _without(fields: Object, *names: str) -> Object:
    return {key: value for key, value in fields.items() if key not in names}
