"""What is killed on the cluster, and what then must stay; `make generate` writes it into docs/operators.md."""

from __future__ import annotations

from typing import NamedTuple

ALL = frozenset({"the running cell", "other kernels' memory", "the session", "notebook", "kernel", "pod"})
"""What a deed may leave as it was; `notebook` and `kernel` are the containers."""


class Deed(NamedTuple):
    """One thing that happens to a hub in use.

    `ends` are the parts of `ALL` that end with it; a file in the home never does. `told` is the error in which the
    running cell ends ("": it doesn't) and what its text says. `plain` is what is lost where the pod is no pair.
    `carries` says that output passes through what is killed, which takes along what it was about to hand on.
    `interrupts` says that kernels are told to end: a page hears that its cell was interrupted, as on a plain server, or
    nothing where the notebook server is gone first.
    """

    name: str
    ends: frozenset[str]
    told: tuple[str, str]
    pair: str
    plain: str
    carries: bool = False
    interrupts: bool = False


_KERNELS = frozenset({"the running cell", "other kernels' memory", "kernel"})
_LOST = "all kernels' memory; JupyterLab stays, each running cell says why, and the next one runs without a reload"
_SERVER = "nothing but output on its way in that moment: cells go on, and the page gets it all when the server is back"
_ENDED = ("KernelDied", "The kernel container ended, with all kernels in it")

DEEDS = (
    Deed(
        "a kernel",
        frozenset({"the running cell"}),
        ("KernelDied", "killed by signal 9"),
        "its memory; the running cell says why, and the next one runs",
        "its memory, without a word of why",
    ),
    Deed("the gateway", _KERNELS, _ENDED, _LOST, "there is none"),
    Deed("the kernel container", _KERNELS, _ENDED, _LOST, "there is none"),
    Deed(
        "the notebook server",
        frozenset({"notebook"}),
        ("", ""),
        _SERVER,
        "all kernels' memory, and the page",
        carries=True,
    ),
    Deed(
        "the notebook container",
        frozenset({"notebook"}),
        ("", ""),
        _SERVER,
        "all kernels' memory, and the page",
        carries=True,
    ),
    Deed(
        "the pod",
        ALL,
        ("", ""),
        "everything but files; the next spawn finds them",
        "the same",
        interrupts=True,
    ),
    Deed("the hub", frozenset(), ("", ""), "nothing", "the same"),
    Deed(
        "the proxy",
        frozenset(),
        ("", ""),
        "nothing but output on its way in that moment: the page connects again within a minute, when the hub has told"
        " the new proxy its routes",
        "the same",
        carries=True,
    ),
    Deed(
        "the API server, for a while", frozenset(), ("", ""), "nothing; new servers start when it is back", "the same"
    ),
)


LIMITS = (
    (
        "too much memory, with the guard",
        "the largest kernel's memory, just before the limit; its cell says so, and other kernels go on",
        "as below",
        "test_the_guard_stops_the_largest_kernel_before_the_limit_does",
    ),
    (
        "too much memory, without it",
        "on cgroup v2 what the kernel container holds (as above), on v1 one kernel; the cell says that it was memory",
        "on cgroup v2 all kernels and the page, without a word of why, on v1 one kernel",
        "test_a_kernel_container_that_is_killed_for_memory_costs_no_notebook",
    ),
)
"""What happens at the memory limit, as a line of the table, and the test in real_memory.py that shows it."""


def table() -> list[tuple[str, str, str]]:
    """Return the table in docs/operators.md."""
    head = ("killed (-9)", "what a pair loses", "what a plain pod loses")
    return [head, *((deed.name, deed.pair, deed.plain) for deed in DEEDS), *(limit[:3] for limit in LIMITS)]
