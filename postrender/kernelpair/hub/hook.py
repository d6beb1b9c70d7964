"""Installs the hook in a hub's configuration, and the hook itself."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import os
from typing import Any

from ..core import settings as core_settings
from . import choice, choosing, files, metrics, spawners
from .failure import refusal, sentence
from .manifest import Pod, plain
from .outcome import BY_CHOICE, PLAIN, REFUSED, SPLIT, Held, Outcome, Spawn, outcome

OLDEST_KUBESPAWNER = 4
"""The major version of the oldest KubeSpawner that is served (zero-to-jupyterhub 2.0.0)."""

_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
_LOG = logging.getLogger("JupyterHub")


class Unusable(Exception):
    """The hub can't use the hook: what is wrong, and what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}. Fix: {fix}, or turn kernelGateway.enabled off")


def install(c: Any, folder: str) -> None:
    """Have the hub that loads configuration ``c`` split its users' pods by the settings in ``folder``.

    ``c.JupyterHub.spawner_class`` is replaced by a subclass of what it names. Never raises: what can't be used is
    logged as an error with reason and fix, and ``c`` stays as it is.
    """
    try:
        held = _read(os.path.join(folder, files.SETTINGS))  # noqa: PTH118
        if not held.settings["enabled"]:
            _LOG.info("kernelpair: the flag is off; user pods are left alone")
            return
        cls = _spawner_class(c)
        if spawners.is_ours(cls):
            return
        hidden = choosing.not_shown(c, cls)
        allowed = held.settings["userChoice"]
        offer = choosing.Offer(allowed, allowed and not hidden, held.settings["optIn"])
        c.JupyterHub.spawner_class = spawners.derived(cls, lambda earlier: _chained(held, earlier), offer)
        metrics.counter()
    except Unusable as unusable:
        _LOG.error("kernelpair: USER PODS ARE NOT SPLIT: %s", unusable)
        return
    except Exception:
        _LOG.exception("kernelpair: USER PODS ARE NOT SPLIT: an unexpected error; the hub serves plain pods")
        return
    _LOG.info(
        "kernelpair: pods of %s are split; front-end image %s", cls.__name__, held.settings.image("notebook.image")
    )
    if allowed and hidden:
        what = "kernelpair: the spawn page doesn't show the user's choice (userChoice): %s, and is left alone"
        fix = "give that form a field named %s with the values %s and %s; requests to the hub's API work as they are"
        _LOG.warning(f"{what}. Fix: {fix}", hidden, choice.KEY, choice.ON, choice.OFF)


def _read(path: str) -> Held:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            raw = json.load(file)
        version = raw.get("version")
        if version != files.VERSION:
            raise Unusable(f"{path} has version {version}", "render the release with the kernelpair that made the rest")
        settings = core_settings.parse(raw["settings"])
        runtime, namespace = raw["runtime"], raw.get("namespace") or _own_namespace()
    except core_settings.InvalidSettings as invalid:
        wrong = "; ".join(f"kernelGateway.{p.key}: {p.why} ({p.fix})" for p in invalid.problems)
        raise Unusable(f"the settings can't be used: {wrong}", "correct them and upgrade the release") from None
    except (OSError, ValueError, KeyError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise Unusable(f"{path} can't be read ({problem})", "render the release with kernelpair again") from None
    return Held(settings, runtime, namespace)


def _own_namespace() -> str:
    """Return the hub's namespace, "" where nothing tells."""
    if os.environ.get("POD_NAMESPACE"):
        return os.environ["POD_NAMESPACE"]
    try:
        with open(_NAMESPACE_FILE, encoding="utf-8") as file:  # noqa: PTH123
            return file.read().strip()
    except OSError:
        return ""


def _spawner_class(c: Any) -> Any:
    """Return the spawner class that the hub will use, read from ``c`` as the hub does: class, import string or name."""
    import kubespawner  # type: ignore[import-not-found]
    from jupyterhub.app import JupyterHub  # type: ignore[import-not-found]

    trait = JupyterHub.class_traits()["spawner_class"]
    written = c.JupyterHub.get("spawner_class", trait.default_value)
    try:
        cls = trait.validate(None, written)
    except Exception as error:
        what = f"c.JupyterHub.spawner_class = {written!r} is no spawner ({error})"
        raise Unusable(what, "name a KubeSpawner class") from None
    if not issubclass(cls, kubespawner.KubeSpawner):
        what = f"the spawner {cls.__module__}.{cls.__name__} is not a KubeSpawner, so it makes no pods"
        raise Unusable(what, "use KubeSpawner or a subclass")
    version = str(kubespawner.__version__)
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST_KUBESPAWNER:
        what = f"KubeSpawner {version} is older than {OLDEST_KUBESPAWNER}.0"
        raise Unusable(what, "use a newer hub image (zero-to-jupyterhub 2.0.0 or newer)")
    return cls


def _chained(held: Held, earlier: Any) -> Any:
    return earlier if isinstance(earlier, Hook) else Hook(held, earlier)


class Hook:
    """A ``modify_pod_hook``: runs the ``earlier`` one, if any, and splits what that returns.

    What the earlier hook raises is raised, and None, with which KubeSpawner fails, is returned: both as without us.
    """

    def __init__(self, held: Held, earlier: Any) -> None:
        self.held = held
        self.earlier = earlier

    def __call__(self, spawner: Any, pod: Any) -> Any:
        """Return a future: KubeSpawner before 5 doesn't await the coroutine of an async hook."""
        return asyncio.ensure_future(self._run(spawner, pod))

    async def _run(self, spawner: Any, pod: Any) -> Any:
        if self.earlier:
            pod = self.earlier(spawner, pod)
            if inspect.isawaitable(pod):
                pod = await pod
        if pod is None:
            return pod
        try:
            made = outcome(plain(pod), _facts(spawner), self.held)
            fails = made.result == REFUSED and self.held.settings["onRefusal"] == "fail"
            _tell(spawner, made, fails)
        except Exception:
            made, fails = _unexpected(spawner), False
        setattr(spawner, spawners.SPLIT, made.result == SPLIT)
        setattr(spawner, spawners.DECIDED, True)
        if fails:
            raise refusal(spawner, sentence(made.what))
        return pod if made.pod is None else Pod(made.pod)


def _facts(spawner: Any) -> Spawn:
    url = spawner.format_string(spawner.default_url) if spawner.default_url else ""
    user_namespaces = bool(getattr(spawner, "enable_user_namespaces", False))
    return Spawn(spawner.namespace, user_namespaces, url, getattr(spawner, choosing.CHOSEN, None))


_LOGGED = {SPLIT: (logging.INFO, "split"), PLAIN: (logging.INFO, "plain pod"), REFUSED: (logging.WARNING, "refused")}


def _tell(spawner: Any, made: Outcome, fails: bool) -> None:
    """One line in the log, a note to the user where the pod was refused or they chose, and the count."""
    metrics.count(made.result)
    level, said = _LOGGED[made.result]
    if made.result == REFUSED:
        said += ", the spawn fails" if fails else ", plain pod"
    if made.what == BY_CHOICE:
        spawners.note(spawner, "No separate kernel container, as you chose.")
    elif made.result == REFUSED or (made.result == PLAIN and getattr(spawner, choosing.CHOSEN, None) == choice.ON):
        spawners.note(spawner, f"No separate kernel container: {made.what}.")
    line = "kernelpair: %s: user=%s server=%s %s"
    spawner.log.log(level, line, said, spawner.user.name, json.dumps(spawner.name), made.sentence)


def _unexpected(spawner: Any) -> Outcome:
    """Log the exception that is being handled, an error of ours, and return what leaves the pod as it is."""
    spawner.log.exception(
        "kernelpair: unexpected error, plain pod: user=%s server=%s", spawner.user.name, json.dumps(spawner.name)
    )
    with contextlib.suppress(Exception):  # it may be what failed
        metrics.count(REFUSED)
    spawners.note(spawner, "No separate kernel container: an unexpected error, which the hub's log shows.")
    return Outcome(REFUSED, None, "an unexpected error")
