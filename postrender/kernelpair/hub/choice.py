"""The user's choice, a separate kernel container or not: pure functions of profiles, form data and pods."""

from __future__ import annotations

import re
from typing import Any

from ..core import names
from ..core.pods import annotations_of, mapping

KEY = "kernelpair"
"""Its key in user_options, in a profile's options and in forms. Free of dashes, which KubeSpawner splits names at."""

ON, OFF = "on", "off"
LABEL = "Separate kernel container"
_ANNOTATION = {ON: "true", OFF: "false"}


def valid(chosen: Any) -> bool:
    """Tell whether ``chosen`` is a choice; None, no choice at all, is none."""
    return isinstance(chosen, str) and chosen in _ANNOTATION


def applied(pod: dict[str, Any], chosen: str | None) -> dict[str, Any]:
    """Return ``pod`` with the annotation kernelpair/split that says what was ``chosen``; a new object if it changes.

    What keeps the operator's word: "false", and a value that is refused later. None changes nothing.
    """
    if chosen is None or annotations_of(pod).get(names.SPLIT) not in (None, "true"):
        return pod
    annotations = {**annotations_of(pod), names.SPLIT: _ANNOTATION[chosen]}
    return {**pod, "metadata": {**mapping(pod, "metadata"), "annotations": annotations}}


def default(annotations: dict[str, Any], opt_in: bool) -> str:
    """Return what holds where nobody chooses: what ``annotations`` say, else what the setting optIn says."""
    return ON if annotations.get(names.SPLIT) == "true" or not opt_in else OFF


def closed(annotations: dict[str, Any]) -> bool:
    """Tell whether ``annotations`` leave nothing to choose: the operator opted out."""
    return annotations.get(names.SPLIT) == "false"


def taken(profiles: Any) -> str:
    """Return the name of the first of ``profiles`` that has an option of its own under `KEY`, or ""."""
    own = (profile for profile in listed(profiles) if KEY in mapping(profile, "profile_options"))
    return next((str(profile.get("display_name")) for profile in own), "")


def listed(profiles: Any) -> list[Any]:
    """Return KubeSpawner's ``profiles``, a list or (from 7.1 on) a mapping, as a list."""
    return list((profiles.values() if isinstance(profiles, dict) else profiles) or ())


def offered(profiles: list[Any], annotations: dict[str, Any], opt_in: bool) -> list[Any]:
    """Return ``profiles``, each with one more option: the choice. Nothing that they hold is changed.

    A profile that opts out for good goes without. ``annotations`` are those of every pod; a profile's own outrank them.
    A value that a callable computes is known only at spawn.
    """
    return [_with_option(profile, annotations, opt_in) for profile in profiles]


def _with_option(profile: Any, annotations: dict[str, Any], opt_in: bool) -> Any:
    said = {**annotations, **mapping(mapping(profile, "kubespawner_override"), "extra_annotations")}
    if closed(said):
        return profile
    option = {"display_name": LABEL, "choices": _choices(default(said, opt_in))}
    return {**profile, "profile_options": {**(profile.get("profile_options") or {}), KEY: option}}


def _choices(marked: str) -> dict[str, Any]:
    # Always a kubespawner_override: KubeSpawner before 6.1 demands it.
    plain: dict[str, dict[str, Any]] = {
        value: {"display_name": value, "kubespawner_override": {}} for value in _ANNOTATION
    }
    return {value: {**choice, "default": True} if value == marked else choice for value, choice in plain.items()}


def from_form(form: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return (what was chosen, the rest) of the data of a form or a query, name -> list of values.

    The choice is the selected profile's (KubeSpawner separates names by one dash or, from 6.1 on, two) or a field named
    `KEY`. The fields of other profiles go too: for KubeSpawner before 6.1, what a profile "gpu-large" offers is an
    option "large-..." of the profile "gpu", and a reason to fail.
    """
    profile = next(iter(form.get("profile") or [""]))
    ours = [name for name in form if name == KEY or _FIELD.fullmatch(name)]
    read = (KEY, f"profile-option-{profile}-{KEY}", f"profile-option-{profile}--{KEY}")
    found = [form[name][0] for name in read if name in ours and form[name]]
    return (found[0] if found else None), {name: values for name, values in form.items() if name not in ours}


_FIELD = re.compile(rf"profile-option-.*-{KEY}", re.DOTALL)


def page(chosen: str) -> str:
    """Return a form with nothing but the choice, ``chosen`` selected: for a hub without profiles."""
    from xml.etree.ElementTree import Element, SubElement, tostring

    # The hub's style sheet is Bootstrap 3 or, from JupyterHub 5 on, 5, where form-select draws the arrow.
    form = Element("div", {"class": "form-group"})
    SubElement(form, "label", {"for": KEY}).text = LABEL
    select = SubElement(form, "select", {"class": "form-control form-select", "id": KEY, "name": KEY})
    for value in _ANNOTATION:
        SubElement(select, "option", {"value": value, **({"selected": ""} if value == chosen else {})}).text = value
    return tostring(form, encoding="unicode", method="html")
