"""The user's choice on its way through a spawner: onto the spawn page, out of the form, and past KubeSpawner."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from . import choice

CHOSEN = "_kernelpair_chosen"
"""Attribute of a spawner: what the user of its last spawn chose, as it came; None where nothing was."""

_RENDERS = "_render_options_form"
# What decides how KubeSpawner's spawn page looks: traits, and the methods that make it.
_FORM_TRAITS = ("options_form", "profile_form_template", "additional_profile_form_template_paths")
_FORM_METHODS = (_RENDERS, f"{_RENDERS}_dynamically", "get_options_form")


class Offer(NamedTuple):
    """Whether users have the choice (userChoice), whether the spawn page shows it, and the setting optIn."""

    allowed: bool
    shown: bool
    opt_in: bool


def not_shown(c: Any, cls: Any) -> str:
    """Return why the spawn page of ``cls``, configured by ``c``, can't show the choice, or "".

    A form that isn't KubeSpawner's own is left alone: what it makes of one more option can't be known.
    """
    import kubespawner  # type: ignore[import-not-found]

    for section in cls.section_names():
        for trait in _FORM_TRAITS if section in c else ():
            if trait in c[section] and _says_something(c[section][trait]):
                return f"c.{section}.{trait} replaces KubeSpawner's form"
    for owner in cls.__mro__[: cls.__mro__.index(kubespawner.KubeSpawner)]:
        if any(_shapes_form(name, value) for name, value in vars(owner).items()):
            return f"the class {owner.__module__}.{owner.__name__} makes a form of its own"
    return "" if hasattr(cls, _RENDERS) else f"KubeSpawner {kubespawner.__version__} renders its form in another way"


def _says_something(configured: Any) -> bool:
    from traitlets.config import LazyConfigValue

    return bool(configured.to_dict() if isinstance(configured, LazyConfigValue) else configured)


def _shapes_form(name: str, value: Any) -> bool:
    from traitlets import DefaultHandler

    defaults = [f"_{trait}_default" for trait in _FORM_TRAITS]
    handles = isinstance(value, DefaultHandler) and value.trait_name in _FORM_TRAITS
    return handles or name in (*_FORM_TRAITS, *_FORM_METHODS, *defaults)


def render(spawner: Any, offer: Offer, profiles: Any, render_form: Callable[[Any], str]) -> str:
    """Return KubeSpawner's form for ``profiles`` with the choice in it, by KubeSpawner's own ``render_form``.

    KubeSpawner before 6.1 keeps the list that it renders and spawns by it; there it keeps the operator's own.
    """
    if not offer.shown:
        return render_form(profiles)
    if not profiles:
        return alone(spawner, offer) or render_form(profiles)
    if choice.taken(profiles):
        what = "the spawn page doesn't show the user's choice: the profile %r has an option named %r of its own"
        spawner.log.warning(f"kernelpair: {what}. Fix: name that option otherwise", choice.taken(profiles), choice.KEY)
        return render_form(profiles)
    form = render_form(choice.offered(profiles, spawner.extra_annotations, offer.opt_in))
    if hasattr(spawner, "_profile_list"):
        spawner._profile_list = spawner._init_profile_list(profiles)
    return form


def alone(spawner: Any, offer: Offer) -> str:
    """Return the form of a spawner without profiles: the choice, as it was made last; "" where there is none."""
    said = spawner.extra_annotations
    if not offer.shown or choice.closed(said):
        return ""
    earlier = (spawner.user_options or {}).get(choice.KEY)
    return choice.page(str(earlier) if choice.valid(earlier) else choice.default(said, offer.opt_in))


def read(form: dict[str, Any], run: Callable[[dict[str, Any]], Any]) -> Any:
    """Return the user's options from the data of a form: what ``run`` makes of the rest, and the choice."""
    chosen, rest = choice.from_form(form)
    options = run(rest)
    return options if chosen is None else _joined(options, chosen)


async def _joined(options: Any, chosen: str) -> Any:
    options = await options if inspect.isawaitable(options) else options
    return {**options, choice.KEY: chosen} if isinstance(options, dict) else options


async def load(spawner: Any, offer: Offer, run: Callable[[], Awaitable[Any]]) -> Any:
    """Have ``run``, the spawner's own load_user_options, load all options but the choice, and note that (`CHOSEN`).

    Without the choice among the options, or with a profile that has an option of its own under that key, this is
    ``run()``. Otherwise KubeSpawner doesn't see it: as an option that no profile has it fails spawns before 6.1. The
    options are the same afterwards; a callable profile list is called once, as ever.
    """
    setattr(spawner, CHOSEN, None)
    if choice.KEY not in (spawner.user_options or {}):
        return await run()
    configured = spawner.profile_list
    profiles, stand_in = getattr(spawner, "_profile_list", None), None  # what was on the page (KubeSpawner before 6.1)
    if profiles is None and callable(configured):
        made = configured(spawner)
        profiles = await made if inspect.isawaitable(made) else made
        spawner.profile_list = stand_in = lambda _: profiles
    elif profiles is None:
        profiles = configured
    try:
        return await (run() if choice.taken(profiles) else _without(spawner, offer, run))
    finally:
        if stand_in and spawner.profile_list is stand_in:
            spawner.profile_list = configured


async def _without(spawner: Any, offer: Offer, run: Callable[[], Awaitable[Any]]) -> Any:
    chosen = spawner.user_options[choice.KEY]
    spawner.user_options = {name: value for name, value in spawner.user_options.items() if name != choice.KEY}
    try:
        loaded = await run()
    finally:
        spawner.user_options = {**spawner.user_options, choice.KEY: chosen}
    if offer.allowed:
        setattr(spawner, CHOSEN, chosen)
    else:
        spawner.log.info("kernelpair: the option %s is ignored: userChoice is off", choice.KEY)
    return loaded
