"""The ``kernelGateway`` block: read by the table of keys, validated, and as everything else reads it."""

from __future__ import annotations

import re
from typing import Any, Callable, Iterable, Mapping, NamedTuple

from .keys import KEYS


class SettingProblem(NamedTuple):
    """One thing wrong with the settings: dotted key, the value as written, why it is refused, what to write instead."""

    key: str
    value: object
    why: str
    fix: str


class InvalidSettings(ValueError):
    """The settings can't be used; ``problems`` lists everything that is wrong with them."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("; ".join(f"{p.key}: {p.why}" for p in problems))
        self.problems = tuple(problems)


_BY_PATH = {key.path: key for key in KEYS}
_BRANCHES = {key.path.rsplit(".", depth)[0] for key in KEYS for depth in range(1, key.path.count(".") + 1)}


class Settings:
    """Validated settings: every key of `KEYS` has a value. Never changed after `parse`.

    ``settings["kernel.port"]`` returns a key's value; a key that the table doesn't have is a KeyError.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {key.path: values.get(key.path, key.default) for key in KEYS}

    def __getitem__(self, path: str) -> Any:
        return self._values[path]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self._values == other._values

    def __hash__(self) -> int:
        return hash(repr(self._values))

    def written(self, paths: Iterable[str]) -> list[str]:
        """Return those of the keys ``paths`` that don't have their default, in order."""
        return [path for path in paths if self._values[path] != _BY_PATH[path].default]

    def enabled_as(self, enabled: bool) -> Settings:
        """Return the same settings with the feature flag set to ``enabled``."""
        return Settings({**self._values, "enabled": enabled})

    def image(self, block: str) -> str:
        """Return ``name[:tag][@digest]`` of an image block such as ``notebook.image``; "" without a name."""
        name, tag, digest = (self._values[f"{block}.{part}"] for part in ("name", "tag", "digest"))
        return f"{name}{':' + tag if tag else ''}{'@' + digest if digest else ''}" if name else ""


def parse(raw: object) -> Settings:
    """Return the settings written as ``raw`` (the ``kernelGateway`` mapping). A null means the default.

    Raises InvalidSettings with every problem: unknown keys, wrong types, settings that contradict each other, and,
    when the flag is on, what is needed and missing.
    """
    problems: list[SettingProblem] = []
    values: dict[str, Any] = {}
    _collect(raw, "", values, problems)
    settings = Settings(values)
    if not problems:
        problems = _contradictions(settings)
    if problems:
        raise InvalidSettings(problems)
    return settings


def _collect(raw: object, prefix: str, values: dict[str, Any], problems: list[SettingProblem]) -> None:
    if not isinstance(raw, dict):
        problems.append(SettingProblem(prefix.rstrip("."), raw, "must be a mapping", "write keys and values below it"))
        return
    for name, value in raw.items():
        path = f"{prefix}{name}"
        if "." in str(name):
            problems.append(_unknown(path, value))
        elif value is None:
            if path not in _BY_PATH and path not in _BRANCHES:
                problems.append(_unknown(path, value))
        elif path in _BRANCHES:
            _collect(value, f"{path}.", values, problems)
        elif path not in _BY_PATH:
            problems.append(_unknown(path, value))
        else:
            key = _BY_PATH[path]
            value = next((meant for written, meant in key.kind.also if value is written), value)
            why = key.kind.check(value)
            if why:
                import json

                fix = f"write {key.kind.name}; the default is {json.dumps(key.default)}"
                problems.append(SettingProblem(path, value, why, fix))
            values[path] = value


def _unknown(path: str, value: object) -> SettingProblem:
    import difflib

    known = sorted({*_BY_PATH, *_BRANCHES})
    if path in known:
        return SettingProblem(path, value, "keys are nested, not dotted", f"write {': {'.join(path.split('.'))}: ...")
    near = difflib.get_close_matches(path, known, n=1) or [
        k for k in known if k.endswith("." + path.rpartition(".")[2])
    ]
    fix = (
        f"did you mean {near[0]}?" if near else f"known keys: {', '.join(sorted({k.partition('.')[0] for k in known}))}"
    )
    return SettingProblem(path, value, "there is no such key", fix)


def _contradictions(settings: Settings) -> list[SettingProblem]:
    return [problem for problem in (rule(settings) for rule in _RULES) if problem]


def _front_end_image(settings: Settings) -> SettingProblem | None:
    if not settings["enabled"] or settings["notebook.image.name"]:
        return None
    return SettingProblem(
        "notebook.image.name", "", "the flag is on and no front-end image is set", "name the image that runs JupyterLab"
    )


def _reserve_and_resources(settings: Settings) -> SettingProblem | None:
    stated = {name for block in settings["notebook.resources"].values() for name in block}
    both = sorted(stated & set(settings["notebook.reserve"]))
    if not both:
        return None
    why = f"{', '.join(both)} stands in notebook.resources too: one adds to the pod, the other takes from the kernel"
    return SettingProblem("notebook.reserve", settings["notebook.reserve"], why, "keep one of the two")


_OF_THE_BUNDLE = tuple(key.path for key in KEYS if key.path.startswith("gateway.bundle."))


def _unused_bundle(settings: Settings) -> SettingProblem | None:
    source, written = settings["gateway.source"], settings.written(_OF_THE_BUNDLE)
    if source not in ("image", "pip") or not written:
        return None
    why = f"{', '.join(written)} would have no effect: source {source} takes no bundle"
    return SettingProblem("gateway.source", source, why, "write auto or bundle, or leave the bundle's keys out")


def _bundle_image(settings: Settings) -> SettingProblem | None:
    block = "gateway.bundle.image"
    if settings[f"{block}.name"]:
        return None
    parts = settings.written(path for path in _OF_THE_BUNDLE if path.startswith(f"{block}."))
    if not parts:
        return None
    why = f"{', '.join(parts)} would have no effect without it"
    return SettingProblem(f"{block}.name", "", why, "name the image, or leave them out: the front-end image is used")


def _claim(settings: Settings) -> SettingProblem | None:
    key, claim, mount = "gateway.bundle.claim", settings["gateway.bundle.claim"], settings["gateway.bundle.mount"]
    if mount == "pvc" and not claim:
        fix = "name the PersistentVolumeClaim whose root is the bundle"
        return SettingProblem(key, claim, "gateway.bundle.mount is pvc, and no claim is named", fix)
    if claim and mount != "pvc":
        why = f"gateway.bundle.mount is {mount}, which takes the bundle from an image"
        return SettingProblem(key, claim, why, "set gateway.bundle.mount to pvc, or leave the claim out")
    if claim and settings["gateway.bundle.image.name"]:
        fix = "keep one of the two: the claim, or the image with another mount"
        return SettingProblem(key, claim, "gateway.bundle.image names an image that holds the bundle too", fix)
    return None


def _digest_of(block: str) -> Callable[[Settings], SettingProblem | None]:
    def rule(settings: Settings) -> SettingProblem | None:
        key, digest = f"{block}.digest", settings[f"{block}.digest"]
        if not digest or re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            return None
        return SettingProblem(key, digest, "not a digest", "write sha256: and 64 hexadecimal digits")

    return rule


def _absolute(key: str, example: str) -> Callable[[Settings], SettingProblem | None]:
    def rule(settings: Settings) -> SettingProblem | None:
        path = settings[key]
        if not path or path.startswith("/"):
            return None
        return SettingProblem(key, path, "not an absolute path", f"write a path such as {example}")

    return rule


_ANNOTATION = re.compile(r"([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")


def _audit(settings: Settings) -> SettingProblem | None:
    key, name = "audit.annotation", settings["audit.annotation"]
    if name.startswith("kernelpair/"):
        return SettingProblem(key, name, "kernelpair/ is the prefix of kernelpair's own", "write another name")
    if name and not _ANNOTATION.fullmatch(name):
        return SettingProblem(key, name, "not the name of an annotation", "write a name such as auditing.image")
    return None


_RULES = (
    _front_end_image,
    _reserve_and_resources,
    _unused_bundle,
    _bundle_image,
    _claim,
    _digest_of("notebook.image"),
    _digest_of("gateway.bundle.image"),
    _absolute("gateway.pip.caCertificate", "/etc/ssl/certs/ca-certificates.crt"),
    _absolute("kernel.home", "/home/jovyan"),
    _audit,
)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of the ``kernelGateway`` block, made from the table of keys.

    It accepts what `parse` accepts, but for nulls (Helm has removed them by then), and but for contradictions between
    keys, which only `parse` sees.
    """
    root: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": {}}
    for key in KEYS:
        *branches, leaf = key.path.split(".")
        node = root
        for branch in branches:
            empty = {"type": "object", "additionalProperties": False, "properties": {}}
            node = node["properties"].setdefault(branch, empty)
        node["properties"][leaf] = {"description": key.doc, **key.kind.schema}
    return root


def describe() -> list[tuple[str, str, Any, str]]:
    """Return the rows (key, what it accepts, default, meaning) of the settings' documentation."""
    return [(key.path, key.kind.name, key.default, key.doc) for key in KEYS]
