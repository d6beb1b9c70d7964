"""Small pods and settings for the tables: `pod()` splits without a finding, each argument changes one thing."""

from __future__ import annotations

from typing import Any

from kernelpair.core import names, settings, split
from kernelpair.core.reasons import Reason, Refused

HOME_MOUNT = {"name": "home", "mountPath": "/home/jovyan"}
FRONT_END = "example.org/front-end:1.0"
IMAGE = "example.org/pytorch:2.9"
MISSING = object()


def user(**fields: Any) -> dict[str, Any]:
    """The user's container; a field given as MISSING is left out."""
    made = {
        "name": "notebook",
        "image": IMAGE,
        "securityContext": {"runAsUser": 1000},
        "volumeMounts": [HOME_MOUNT],
        **fields,
    }
    return {key: value for key, value in made.items() if value is not MISSING}


def pod(
    container: dict[str, Any] | None = None, annotations: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    """A pod with one container."""
    metadata = {} if annotations is None else {"metadata": {"annotations": annotations}}
    return {**metadata, "spec": {"containers": [user() if container is None else container], **spec}}


def chosen(**values: Any) -> settings.Settings:
    """Settings with the flag on; `kernel__port=1` stands for kernel.port."""
    raw: dict[str, Any] = {"enabled": True, "notebook": {"image": {"name": "example.org/front-end", "tag": "1.0"}}}
    for path, value in values.items():
        *branches, leaf = path.split("__")
        node = raw
        for branch in branches:
            node = node.setdefault(branch, {})
        node[leaf] = value
    return settings.parse(raw)


def pair(made: dict[str, Any], completes: bool = False, **values: Any) -> split.Pair:
    """The pair made of a pod."""
    return split.split(made, chosen(**values), "hub-kernelpair", completes)


def both(container: dict[str, Any], **values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(notebook, kernel) made of a user container; the pair is undoable, or the test has found a bug."""
    before = pod(container)
    found = pair(before, **values).pod
    assert split.undo(found) == before
    spec = found["spec"]
    kernel = next(c for c in spec["containers"] + spec.get("initContainers", []) if c["name"] == names.KERNEL)
    return spec["containers"][0], kernel


def refusals(made: Any, **values: Any) -> list[Reason]:
    """The reasons why a pod is refused; [] when it is split."""
    try:
        pair(made, **values)
    except Refused as error:
        return [finding.reason for finding in error.findings]
    return []


def warnings(made: Any, **values: Any) -> list[Reason]:
    """The warnings with which a pod is split."""
    return [finding.reason for finding in pair(made, **values).warnings]


def env(**values: str) -> list[dict[str, str]]:
    """Variables in order."""
    return [{"name": name, "value": value} for name, value in values.items()]
