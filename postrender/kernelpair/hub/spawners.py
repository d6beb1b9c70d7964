"""The spawner class that the hub uses: the operator's own, with the hook chained at every spawn."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

from . import choosing, missing_bundle, quota
from .coming_back import comes_back
from .failure import show

NOTES = "_kernelpair_notes"
"""Attribute of a spawner: what the progress page of its last spawn has to tell."""

DECIDED = "_kernelpair_decided"
"""Attribute of a spawner: whether the hook of its last spawn has run."""

SPLIT = "_kernelpair_split"
"""Attribute of a spawner: whether the pod of its last spawn is a pair."""

_MARK = "_kernelpair"
_POLL_SECONDS = 0.2


def is_ours(cls: type) -> bool:
    """Tell whether ``cls`` was made by `derived`."""
    return _MARK in cls.__dict__


def derived(base: Any, chain: Callable[[Any], Any], offer: choosing.Offer) -> Any:  # noqa: C901 (it counts methods)
    """Return a subclass of the KubeSpawner class ``base`` that runs ``chain(its modify_pod_hook)`` as its hook.

    Its spawn page offers the user's choice as ``offer`` says, and its user options may hold it. A pair whose notebook
    server is started anew by the kubelet goes on running (`comes_back`).

    The hook is chained when the user's options are loaded, right before KubeSpawner makes the pod: by then it is known
    what the trait is, whoever set it, by the rules of the class order: the configuration of any class, a default that a
    subclass overrides, a method, `pre_spawn_hook` or a profile. ``chain`` gets None where there is none.

    The class has the name of ``base``, so that configuration sections and logs mean what they did; ``isinstance``,
    class-level state (reflectors) and pickling by name keep working.
    """

    class Spawner(base):  # type: ignore[misc]
        @classmethod
        def section_names(cls) -> list[str]:
            """Name each section once: read twice, what a configuration appends to a list would be there twice."""
            return list(dict.fromkeys(super().section_names()))

        def clear_state(self) -> Any:
            # The hub does so before anything else of a spawn: a progress page may be open before `start` is called.
            setattr(self, NOTES, [])
            setattr(self, DECIDED, False)
            setattr(self, SPLIT, False)
            return super().clear_state()

        def start(self) -> Any:
            return _explained(self, super().start())

        async def load_user_options(self) -> Any:
            loaded = await choosing.load(self, offer, super().load_user_options)
            self.modify_pod_hook = chain(getattr(self, "modify_pod_hook"))  # noqa: B009 (its type is the hub's)
            return loaded

        async def get_options_form(self) -> Any:
            form = await super().get_options_form()
            return form or ("" if self.profile_list else choosing.alone(self, offer))

        def _render_options_form(self, profile_list: Any) -> Any:
            return choosing.render(self, offer, profile_list, super()._render_options_form)

        def run_options_from_form(self, form_data: Any) -> Any:
            return choosing.read(form_data, super().run_options_from_form)

        def options_from_query(self, query_data: Any) -> Any:
            return choosing.read(query_data, super().options_from_query)

        async def poll(self) -> Any:
            return None if _comes_back(self) else await super().poll()

        def progress(self) -> AsyncIterator[dict[str, Any]]:
            return _with_notes(self, super().progress())

    setattr(Spawner, _MARK, True)
    Spawner.__name__ = Spawner.__qualname__ = base.__name__
    Spawner.__doc__ = base.__doc__
    setattr(sys.modules[__name__], base.__name__, Spawner)
    return Spawner


async def _explained(spawner: Any, started: Any) -> Any:
    """Return what ``started`` gives; of a pair that can't start for a reason that we know, the user reads that."""
    try:
        return await started
    except Exception as error:
        said = (quota.explanation(error) if getattr(spawner, SPLIT, False) else "") or _missing_bundle(spawner)
        if said:
            show(error, said)
        raise


def _pod(spawner: Any) -> Any:
    """Return the spawner's pod as the API server gives it, None where there is none."""
    reflector = getattr(spawner, "pod_reflector", None)
    return reflector.pods.get(f"{spawner.namespace}/{spawner.pod_name}") if reflector else None


def _comes_back(spawner: Any) -> bool:
    pod = _pod(spawner)
    return pod is not None and comes_back(pod)


def _missing_bundle(spawner: Any) -> str:
    pod = _pod(spawner) if getattr(spawner, SPLIT, False) else None
    return missing_bundle.explanation(pod) if pod is not None else ""


def note(spawner: Any, message: str) -> None:
    """Have ``message`` appear on the progress page of the spawn that is under way."""
    setattr(spawner, NOTES, [*getattr(spawner, NOTES, []), message])


def _note_missing_bundle(spawner: Any) -> None:
    missing = _missing_bundle(spawner)
    if missing and missing not in getattr(spawner, NOTES, []):
        note(spawner, missing)


async def _with_notes(spawner: Any, events: Any) -> AsyncIterator[dict[str, Any]]:
    """Yield ``events`` and, as soon as one may follow, every note; several pages may watch the same spawn.

    That the bundle is missing is told with the first event after which it can be seen: the kubelet goes on trying, and
    the spawn fails when its time is up. The hub stops asking when the spawn is over, however it ends.
    """
    told = 0

    def news() -> list[dict[str, Any]]:
        nonlocal told
        notes = getattr(spawner, NOTES, [])[told:]
        told += len(notes)
        return [{"message": message} for message in notes]

    try:
        async for event in events:
            yield event
            _note_missing_bundle(spawner)
            for new in news():
                yield new
    finally:
        if hasattr(events, "aclose"):
            await events.aclose()
    # Without events (events_enabled off) the spawner's own progress ends at once.
    while not getattr(spawner, DECIDED, False):
        await asyncio.sleep(_POLL_SECONDS)
    for new in news():
        yield new
