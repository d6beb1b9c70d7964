"""Where pod templates stand in each kind of object: a table, and the objects of a document that it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .core.pods import mapping

Path = tuple[Any, ...]


class Place(NamedTuple):
    """Where one kind of object keeps a pod: the paths of its metadata and of its spec.

    `completes`: the pod has to end by itself, so its kernel container must be a native sidecar.
    """

    metadata: Path
    spec: Path
    completes: bool = False


def template_at(*path: str, completes: bool = False) -> Place:
    """The place of a pod template (metadata and spec) at `path`."""
    return Place((*path, "metadata"), (*path, "spec"), completes)


Kinds = Mapping[tuple[str, str], tuple[Place, ...]]
"""(API group, or * for any; kind) -> the places of its pod templates."""

KINDS: Kinds = {
    ("", "Pod"): (template_at(),),
    ("", "PodTemplate"): (template_at("template"),),
    ("", "ReplicationController"): (template_at("spec", "template"),),
    ("apps", "Deployment"): (template_at("spec", "template"),),
    ("apps", "StatefulSet"): (template_at("spec", "template"),),
    ("apps", "DaemonSet"): (template_at("spec", "template"),),
    ("apps", "ReplicaSet"): (template_at("spec", "template"),),
    ("batch", "Job"): (template_at("spec", "template", completes=True),),
    ("batch", "CronJob"): (template_at("spec", "jobTemplate", "spec", "template", completes=True),),
    # Its template has no metadata in the schema; the controller copies the Notebook's own annotations to the pod.
    ("kubeflow.org", "Notebook"): (Place(("metadata",), ("spec", "template", "spec")),),
}


class Found(NamedTuple):
    """An object of a document: where it stands there (inside a List: items, index), itself, and its pods' places.

    `places` is None for a kind that the table doesn't have.
    """

    at: Path
    object: dict[str, Any]
    places: tuple[Place, ...] | None


def find(document: Any, kinds: Kinds, at: Path = ()) -> Iterator[Found]:
    """Yield every object of a document, those inside a `List` one by one."""
    if not isinstance(document, dict):
        return
    group, kind = api_group(document), document.get("kind")
    inside = document.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(inside, list):
        for index, item in enumerate(inside):
            yield from find(item, kinds, (*at, "items", index))
        return
    places = kinds.get((group, str(kind)), ()) + kinds.get(("*", str(kind)), ())
    yield Found(at, document, places or None)


def api_group(document: dict[str, Any]) -> str:
    """The API group of an object; "" is the core group."""
    return str(document.get("apiVersion", "")).rpartition("/")[0]


def parse_target(text: str) -> tuple[tuple[str, str], Place]:
    """Read a `--target KIND=path.to.template`; KIND may be `Kind.group` too. Raises ValueError with a sentence."""
    kind, separator, path = text.partition("=")
    name, _, group = kind.partition(".")
    parts = path.split(".")
    if not separator or not name or not all(parts):
        raise ValueError(
            f"--target {text}: write KIND=path.to.template, such as RayCluster=spec.headGroupSpec.template"
        )
    return (group or "*", name), template_at(*parts)


def with_targets(texts: list[str]) -> Kinds:
    """The table with the targets of the command line added. Raises ValueError with a sentence."""
    kinds = dict(KINDS)
    for text in texts:
        key, place = parse_target(text)
        kinds[key] = (*kinds.get(key, ()), place)
    return kinds


def get(holder: Any, path: Path) -> Any:
    """What stands at `path`, or None where something on the way is missing or is no mapping."""
    for key in path:
        if isinstance(holder, dict):
            holder = holder.get(key)
        elif isinstance(holder, list) and isinstance(key, int):
            holder = holder[key]
        else:
            return None
    return holder


def replaced(holder: Any, path: Path, new: Any) -> Any:
    """A copy of `holder` with `new` at `path`, sharing everything else; None removes the key."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(holder, list):
        return [replaced(item, rest, new) if index == key else item for index, item in enumerate(holder)]
    made = {name: value for name, value in (holder or {}).items() if name != key or rest or new is not None}
    if rest or new is not None:
        made[key] = replaced(made.get(key), rest, new)
    return made


def pod_at(found: Found, place: Place) -> dict[str, Any]:
    """The pod (metadata and spec, where they are there) that an object keeps at `place`."""
    parts = {"metadata": get(found.object, place.metadata), "spec": get(found.object, place.spec)}
    return {key: part for key, part in parts.items() if part is not None}


def with_pod(found: Found, place: Place, pod: dict[str, Any]) -> dict[str, Any]:
    """The object with `pod` at `place`."""
    changed = replaced(found.object, place.metadata, pod.get("metadata"))
    made: dict[str, Any] = replaced(changed, place.spec, pod.get("spec"))
    return made


def label(found: Found) -> str:
    """`Kind namespace/name` for people."""
    metadata = found.object.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = metadata.get("name") or metadata.get("generateName") or "(unnamed)"
    namespace = metadata.get("namespace")
    return f"{found.object.get('kind')} {namespace + '/' if isinstance(namespace, str) else ''}{name}"


def owner_name(found: Found) -> str:
    """The name after which the object's runtime ConfigMap is named."""
    metadata = mapping(found.object, "metadata")
    return str(metadata.get("name") or str(metadata.get("generateName", "")).rstrip("-") or "unnamed")
