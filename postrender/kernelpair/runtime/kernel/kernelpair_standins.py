"""Stand-ins for modules that a bundle's gateway imports and hardly ever uses; a real one is imported once it is used.

Upstream's modules import at their top what seeds, pages, metrics, events and a whole notebook server need, which a
gateway in a pair doesn't have: a third of the processor time until it answers, and a quarter of its memory. Only for a
bundle, whose versions are pinned: tests/bundle looks whether these names are what they use.

Guarantees:
- A stand-in has the names in `GIVEN`. For any other name the real module takes its place, so what nobody foresaw works.
- An `except` with a stand-in's exception lets the real one through; where `GIVEN` has one, nothing raises that.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any, Callable, Mapping, TypeVar

Method = TypeVar("Method")


class Unseen:
    """A metric, or a log of events, that nobody can see: the gateway shows no metrics, and nobody listens to events."""

    def labels(self, *_values: str, **_named: str) -> Unseen:
        """Return the metric for these labels."""
        return self

    def nothing(self, *_given: Any, **_named: Any) -> None:
        """Do nothing."""

    inc = dec = set = register_event_schema = emit = nothing


class Never(Exception):
    """An exception of a module that isn't imported, so that nothing can raise it."""


def as_it_is(method: Method) -> Method:
    """Return the method: that it overrides another was checked by whoever released it."""
    return method


def ports(first: int, count: int) -> range:
    """Return the ports to try; upstream's are the same up to five, and a pair has one."""
    return range(first, first + count)


def late(module: str, name: str) -> Callable[..., Any]:
    """Return a function that calls `name` of the real `module`."""
    return lambda *given, **named: getattr(real(module), name)(*given, **named)


GIVEN: Mapping[str, Mapping[str, Any]] = {
    # Times in messages; a kernel's first brings them in.
    "dateutil.parser": {"isoparse": late("dateutil.parser", "isoparse")},
    "dateutil.tz": {"tzlocal": late("dateutil.tz", "tzlocal")},
    # Pages, for the gateway answers errors as JSON.
    "jinja2": {"TemplateNotFound": Never},
    "jupyter_events": {"EventLogger": Unseen},
    "jupyter_events.schema_registry": {"SchemaRegistryException": Never},
    "jupyter_server.prometheus.metrics": {
        "KERNEL_CURRENTLY_RUNNING_TOTAL": Unseen(),
        "TERMINAL_CURRENTLY_RUNNING_TOTAL": Unseen(),
    },
    "jupyter_server.serverapp": {"random_ports": ports},
    # The extension for a notebook server; of its modules the gateway takes the manager.
    "jupyter_server_terminals": {},
    # Notebooks that a gateway runs as seeds of its kernels.
    "nbformat": {},
    "overrides": {"overrides": as_it_is},
    "prometheus_client": {},
}


class StandIn(ModuleType):
    """Stands in `sys.modules` for a module that isn't imported yet."""

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # asked for by each import from it and of a module in it
            self.__path__ = _folders(self.__name__)
            return self.__path__
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(real(self.__name__), name)


def real(name: str) -> ModuleType:
    """Return a module itself, imported now if a stand-in is in its place."""
    if isinstance(sys.modules.get(name), StandIn):
        del sys.modules[name]
    return importlib.import_module(name)


def put() -> None:
    """Put the stand-ins in place; before the gateway's packages are imported."""
    for name, given in GIVEN.items():
        stand_in = StandIn(name)
        vars(stand_in).update(given)
        sys.modules[name] = stand_in


def _folders(name: str) -> list[str]:
    """Return where a package's modules are; raises AttributeError for a module that isn't a package."""
    parent = name.rpartition(".")[0]
    spec = PathFinder.find_spec(name, importlib.import_module(parent).__path__ if parent else None)
    if spec is None or spec.submodule_search_locations is None:
        raise AttributeError("__path__")
    return list(spec.submodule_search_locations)
