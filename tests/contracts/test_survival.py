"""The table of what is survived says what is tried on the cluster, all of it and nothing else."""

from __future__ import annotations

from tests.cluster import real_memory
from tests.cluster.deeds import ALL, DEEDS, LIMITS
from tests.cluster.real_survival import DO


def test_every_line_is_done_and_every_deed_has_a_line() -> None:
    assert list(DO) == [deed.name for deed in DEEDS]
    assert all(deed.ends <= ALL for deed in DEEDS)


def test_every_limit_has_its_test() -> None:
    assert all(callable(getattr(real_memory, test)) for *_, test in LIMITS)
