"""The ``kernelGateway`` block: one table of keys, and the validated settings read by everything else."""

from __future__ import annotations

import re
from typing import Any, Mapping, NamedTuple

from . import kinds


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
    Key("kernel.nativeSidecar", kinds.FLAG, False, "Run the kernel container as a native sidecar. Jobs always do."),
    Key("kernel.overrides", kinds.OVERRIDES, {}, "Fields merged over the kernel container."),
    Key(
        "gateway.source",
        kinds.choice("auto", "image", "bundle", "pip"),
        "auto",
        "Where jupyter-kernel-gateway comes from.",
    ),
    Key("gateway.bundle.image.name", kinds.TEXT, "", "The image that holds the bundle; the front-end's unless given."),
    Key("gateway.bundle.image.tag", kinds.TEXT, "", "Its tag."),
    Key("gateway.bundle.image.digest", kinds.TEXT, "", "Its digest."),
    Key(
        "gateway.bundle.mount",
        kinds.choice("initContainer", "imageVolume", "pvc"),
        "initContainer",
        "How the bundle gets into the pod.",
    ),
    Key("gateway.pip.requirement", kinds.TEXT, "jupyter-kernel-gateway==3.0.1", "What pip installs before launch."),
    Key("gateway.pip.indexUrl", kinds.TEXT, "", "The package index; empty: pip's own configuration."),
    Key("gateway.pip.constraints", kinds.TEXT, "", "A constraints file or its URL, as `pip -c` takes it."),
    Key("gateway.timeouts.start", kinds.SECONDS, 120, "Seconds until the gateway must answer."),
    Key("gateway.timeouts.connect", kinds.SECONDS, 40, "Seconds the notebook waits for a connection to the gateway."),
    Key("gateway.timeouts.request", kinds.SECONDS, 40, "Seconds the notebook waits for an answer of the gateway."),
    Key("audit.annotation", kinds.TEXT, "auditing.image", "The annotation that names the image the user picked."),
)
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


def _bundle(settings: Settings) -> SettingProblem | None:
    if settings["gateway.source"] != "bundle":
        return None
    why = "this version of kernelpair has no bundle yet"
    return SettingProblem("gateway.source", "bundle", why, "write auto, image or pip")


def _digest(settings: Settings) -> SettingProblem | None:
    digest = settings["notebook.image.digest"]
    if not digest or re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        return None
    return SettingProblem("notebook.image.digest", digest, "not a digest", "write sha256: and 64 hexadecimal digits")


def _home(settings: Settings) -> SettingProblem | None:
    home = settings["kernel.home"]
    if not home or home.startswith("/"):
        return None
    return SettingProblem("kernel.home", home, "not an absolute path", "write a path such as /home/jovyan")


_ANNOTATION = re.compile(r"([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")


def _audit(settings: Settings) -> SettingProblem | None:
    key, name = "audit.annotation", settings["audit.annotation"]
    if name.startswith("kernelpair/"):
        return SettingProblem(key, name, "kernelpair/ is the prefix of kernelpair's own", "write another name")
    if name and not _ANNOTATION.fullmatch(name):
        return SettingProblem(key, name, "not the name of an annotation", "write a name such as auditing.image")
    return None


_RULES = (_front_end_image, _reserve_and_resources, _bundle, _digest, _home, _audit)


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
