"""The user's pod: what KubeSpawner made for the user, laid over the template that everybody gets. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import merge

NOTEBOOK = "notebook"
"""The container that KubeSpawner makes, and the one of that name in the template."""

PORT_NAME = "notebook-port"

HOME = "home"
"""The volume with the user's files, in the template and here."""

IMAGE_VARIABLES = ("JUPYTER_IMAGE", "JUPYTER_IMAGE_SPEC")
_BLANK: tuple[Any, ...] = (None, "", [], {})
_REFERENCE = re.compile(r"\$\(([^)]+)\)")

Object = dict[str, Any]


def user_pod(template: Object, pod: Object) -> Object:
    """Return ``pod`` over ``template``, the template of a PodTemplate; the pod wins, and neither is changed.

    Kubernetes' strategic merge, with two additions: the notebook's port is one, whatever its number; and each variable
    comes after those that it refers to, because Kubernetes fills in $(NAME) only from variables further up.
    """
    base = _of_notebook(template, lambda box: _without_port(box) if _has_port(pod) else box)
    return _of_notebook(merge.strategic(base, pod), _with_ordered_variables)


def said(pod: Object, unasked: frozenset[str]) -> Object:
    """Return ``pod`` without what KubeSpawner writes though nobody configured it: it must not hide the template's.

    Those are the pod's fields ``unasked`` and, of the pod's and the notebook container's own fields, every one that
    is empty: neither has a field where empty says something (an operator who wants a list empty edits the template).
    What is further inside stays, such as an emptyDir: {}.
    """
    spec = {key: value for key, value in _filled(pod["spec"]).items() if key not in unasked}
    return _of_notebook({**pod, "spec": spec}, _said_container)


def filled_in(template: Object, expand: Callable[[str], str]) -> Object:
    """Return ``template`` with KubeSpawner's fields ({username}, ...) filled in by ``expand``.

    Only where a user's folder or claim is named: elsewhere braces may be anything, such as JSON in a variable.
    """
    spec = dict(template.get("spec") or {})
    if spec.get("volumes"):
        spec["volumes"] = [_at(volume, ("persistentVolumeClaim", "claimName"), expand) for volume in spec["volumes"]]
    for field in ("containers", "initContainers"):
        if spec.get(field):
            spec[field] = [_mounts_filled_in(container, expand) for container in spec[field]]
    return {**template, "spec": spec}


def with_home(pod: Object, claim: str) -> Object:
    """Return ``pod`` with the volume of the user's own ``claim``, unless it has a home already."""
    volumes = pod["spec"].get("volumes") or []
    if any(volume.get("name") == HOME for volume in volumes):
        return pod
    home = {"name": HOME, "persistentVolumeClaim": {"claimName": claim}}
    return {**pod, "spec": {**pod["spec"], "volumes": [home, *volumes]}}


def has_notebook(template: Object) -> bool:
    """Tell whether ``template`` has the container that the pod is laid over."""
    return any(box.get("name") == NOTEBOOK for box in (template.get("spec") or {}).get("containers") or [])


def ordered(variables: list[Object]) -> list[Object]:
    """Return ``variables`` in their order, but each after those it refers to; those in a circle come last."""
    left = [(entry, set(_REFERENCE.findall(entry.get("value") or "")) - {entry["name"]}) for entry in variables]
    made: list[Object] = []
    while left:
        names = {entry["name"] for entry, _ in left}
        free = next((place for place, (_, needs) in enumerate(left) if not needs & names), None)
        if free is None:
            break
        made.append(left.pop(free)[0])
    return made + [entry for entry, _ in left]


def _of_notebook(pod: Object, change: Callable[[Object], Object]) -> Object:
    spec = pod.get("spec") or {}
    boxes = [change(box) if box.get("name") == NOTEBOOK else box for box in spec.get("containers") or []]
    return {**pod, "spec": {**spec, "containers": boxes}}


def _filled(fields: Object) -> Object:
    return {key: value for key, value in fields.items() if value not in _BLANK}


def _said_container(container: Object) -> Object:
    made = dict(container)
    if "resources" in made:
        made["resources"] = _filled(made["resources"] or {})
    if "env" in made:
        env = made["env"] or []
        made["env"] = [entry for entry in env if entry["name"] not in IMAGE_VARIABLES or entry.get("value") != ""]
    return _filled(made)


def _has_port(pod: Object) -> bool:
    ports = [port for box in pod["spec"]["containers"] if box.get("name") == NOTEBOOK for port in box.get("ports", [])]
    return any(port.get("name") == PORT_NAME for port in ports)


def _without_port(container: Object) -> Object:
    if not container.get("ports"):
        return container
    return {**container, "ports": [port for port in container["ports"] if port.get("name") != PORT_NAME]}


def _with_ordered_variables(container: Object) -> Object:
    return {**container, "env": ordered(container["env"])} if container.get("env") else container


def _mounts_filled_in(container: Object, expand: Callable[[str], str]) -> Object:
    if not container.get("volumeMounts"):
        return container
    return {**container, "volumeMounts": [_at(mount, ("subPath",), expand) for mount in container["volumeMounts"]]}


def _at(held: Object, path: tuple[str, ...], expand: Callable[[str], str]) -> Object:
    value = held.get(path[0])
    if len(path) > 1 and isinstance(value, dict):
        return {**held, path[0]: _at(value, path[1:], expand)}
    return {**held, path[0]: expand(value)} if isinstance(value, str) else held
