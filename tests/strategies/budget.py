"""How much of the profile's examples a property may use, so that all of them together stay quick."""

from __future__ import annotations

from hypothesis import settings


def share(part: float) -> settings:
    """The settings of a property that runs ``part`` of the profile's examples, at least ten.

    There is no deadline: what an example takes depends on what else the machine does.
    """
    return settings(max_examples=max(10, int(settings().max_examples * part)), deadline=None)
