"""Many users who spawn at once, plain and as pairs: who does it, what is counted, and the table of what it cost."""

from __future__ import annotations

import concurrent.futures
import json
import re
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.cluster import kwok
from tests.cluster.hub import Hub
from tests.cluster.release import Release
from tests.cluster.shared import OPTED_OUT

KINDS = ("plain", "pair")
AT_ONCE = 25
"""Users of one kind who ask in the same moment; the next as many, of the other kind, come when all of them are in."""
SPAWN_SECONDS = 300
REST_SECONDS = 10


class Storm(Release):
    """Our chart, whose users' pods go to kwok's nodes."""

    def _values(self) -> dict[str, Any]:
        values = super()._values()
        values["prePuller"] = {"continuous": {"enabled": False}}
        values["kernelGateway"]["kernel"] = {"sharedHome": "emptyDir"}
        hub = values["hub"]["config"]["JupyterHub"]
        hub["load_roles"][0]["scopes"].append("read:metrics")
        values["singleuser"] |= {
            "storage": {"type": "none"},
            "nodeSelector": kwok.LABEL,
            "extraTolerations": [kwok.TAINT],
            "profileList": [
                {"display_name": kind, "slug": kind, "kubespawner_override": override}
                for kind, override in (("pair", {}), ("plain", {"extra_annotations": OPTED_OUT}))
            ],
        }
        return values


class Spent(NamedTuple):
    """Seconds of the clock, of the hub's and of the API server's processor, and requests to the API server."""

    seconds: float
    hub: float
    api_server: float
    requests: float

    @classmethod
    def now(cls, hub: Hub) -> Spent:
        """What was spent until now, since each began."""
        ours = _text(hub, "hub/metrics")
        api = subprocess.run(["kubectl", "get", "--raw=/metrics"], capture_output=True, text=True, check=True).stdout
        cpu = "process_cpu_seconds_total"
        return cls(time.monotonic(), _sum(ours, cpu), _sum(api, cpu), _sum(api, "apiserver_request_total"))

    def since(self, before: Spent, at_rest: Spent | None = None) -> Spent:
        """What was spent since; `at_rest` is what a second costs anyway, and isn't counted."""
        seconds = self.seconds - before.seconds
        free = at_rest or Spent(0, 0, 0, 0)
        return Spent(
            seconds,
            *(now - then - rest * seconds for now, then, rest in zip(self[1:], before[1:], free[1:], strict=True)),
        )

    def over(self, count: float) -> Spent:
        """The `count`th part of it."""
        return Spent(*(each / count for each in self))


def _text(hub: Hub, path: str) -> str:
    request = urllib.request.Request(f"{hub.url}/{path}", headers={"Authorization": f"token {hub.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        text: str = answer.read().decode()
    return text


def _sum(metrics: str, name: str) -> float:
    found = re.findall(rf"(?m)^{name}(?:\{{[^\n]*\}})? (\S+)$", metrics)
    assert found, f"no {name} in the metrics"
    return sum(map(float, found))


class Round(NamedTuple):
    """As many users as come at once, all of one kind: what their spawns cost together, and how long each took."""

    kind: str
    spent: Spent
    waits: tuple[float, ...]


def at_rest(hub: Hub) -> Spent:
    """What a second costs while nobody comes."""
    before = Spent.now(hub)
    time.sleep(REST_SECONDS)
    found = Spent.now(hub).since(before)
    return found.over(found.seconds)


def rounds(hub: Hub, users: int) -> Iterator[Round]:
    """Let `users` of each kind come, in rounds of one kind and then the other; their servers stay."""
    rest = at_rest(hub)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as people:
        for first in range(0, users, AT_ONCE):
            for kind in KINDS if first // AT_ONCE % 2 else reversed(KINDS):
                names = [f"{kind}-{number}" for number in range(first, min(first + AT_ONCE, users))]
                hub.call("POST", "hub/api/users", {"usernames": names})
                before = Spent.now(hub)
                waits = tuple(people.map(lambda name, kind=kind: _spawn(hub, name, kind), names))
                yield Round(kind, Spent.now(hub).since(before, rest), waits)


def _spawn(hub: Hub, user: str, kind: str) -> float:
    """Spawn the user's server; returns the seconds until it is ready, fails where it never is."""
    began = time.monotonic()
    hub.call("POST", f"hub/api/users/{user}/server", {"profile": kind})
    request = urllib.request.Request(
        f"{hub.url}/hub/api/users/{user}/server/progress", headers={"Authorization": f"token {hub.token}"}
    )
    last: dict[str, Any] = {}
    with urllib.request.urlopen(request, timeout=SPAWN_SECONDS) as answer:
        for line in answer:
            if line.startswith(b"data: "):
                last = json.loads(line.removeprefix(b"data: "))
    assert last.get("ready"), last
    return time.monotonic() - began


def end(hub: Hub, users: int) -> None:
    """End all their servers."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as people:
        names = [f"{kind}-{number}" for number in range(users) for kind in KINDS]
        list(people.map(lambda name: hub.call("DELETE", f"hub/api/users/{name}/server"), names))


COLUMNS: Mapping[str, Callable[[Sequence[Round]], float]] = {
    "spawns a second": lambda found: len(_waits(found)) / sum(one.spent.seconds for one in found),
    "p50, s": lambda found: statistics.median(_waits(found)),
    "p99, s": lambda found: statistics.quantiles(_waits(found), n=100, method="inclusive")[98],
    "hub, ms a spawn": lambda found: 1000 * _each(found).hub,
    "API server, ms a spawn": lambda found: 1000 * _each(found).api_server,
    "requests a spawn": lambda found: _each(found).requests,
}
"""What the table says of some rounds of one kind."""


def _waits(found: Sequence[Round]) -> list[float]:
    return [wait for one in found for wait in one.waits]


def _each(found: Sequence[Round]) -> Spent:
    """The part of one spawn."""
    total = Spent(*(sum(part) for part in zip(*(one.spent for one in found), strict=True)))
    return total.over(len(_waits(found)))


def table(found: Sequence[Round], sizes: Mapping[str, int]) -> list[list[str]]:
    """The table, its head first; `sizes` are the bytes of a pod of each kind.

    All spawns, and where there were many the first and the last hundred of each kind: whether the cost grows.
    """
    by_kind = {kind: [one for one in found if one.kind == kind] for kind in KINDS}
    some = 100 // AT_ONCE
    parts: dict[str, Callable[[list[Round]], list[Round]]] = {"all": lambda all_of_them: all_of_them}
    if len(by_kind["pair"]) >= 2 * some:
        parts |= {"the first 100": lambda ran: ran[:some], "the last 100": lambda ran: ran[-some:]}
    rows = [["spawns", "", *COLUMNS, "bytes of the pod"]]
    for name, part in parts.items():
        figures = {kind: [of(part(ran)) for of in COLUMNS.values()] for kind, ran in by_kind.items()}
        for kind, values in figures.items():
            count = f"{name} ({len(_waits(part(by_kind[kind])))})" if name == "all" else name
            rows.append([count, kind, *(f"{value:.3g}" for value in values), f"{sizes[kind]:,}"])
        ratios = [pair / plain for plain, pair in zip(*(figures[kind] for kind in KINDS), strict=True)]
        rows.append(["", "pair / plain", *(f"{ratio:.2f}x" for ratio in [*ratios, sizes["pair"] / sizes["plain"]])])
    return rows
