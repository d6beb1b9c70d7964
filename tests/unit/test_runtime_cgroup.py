"""What is read of a container's cgroup, both versions, from folders as the kernel shows them."""

from __future__ import annotations

from pathlib import Path

import kernelpair_cgroup as cgroup
import pytest

MIB = 2**20

VERSION_2 = {
    "cgroup.controllers": "cpu memory",
    "memory.current": f"{400 * MIB}",
    "memory.max": f"{512 * MIB}",
    "memory.stat": f"anon {250 * MIB}\nfile {140 * MIB}\nshmem {20 * MIB}\ninactive_file {80 * MIB}\n"
    f"active_file {40 * MIB}\nslab_reclaimable {10 * MIB}\nslab_unreclaimable {5 * MIB}",
    "memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0",
    "cpu.stat": "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000",
    "cpu.max": "150000 100000",
}
VERSION_1 = {
    "memory/memory.usage_in_bytes": f"{400 * MIB}",
    "memory/memory.limit_in_bytes": f"{512 * MIB}",
    "memory/memory.stat": f"cache {1 * MIB}\ninactive_file {1 * MIB}\nactive_file {1 * MIB}\n"
    f"total_inactive_file {80 * MIB}\ntotal_active_file {50 * MIB}",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2",
    "cpu/cpu.cfs_period_us": "100000",
    "cpu/cpu.cfs_quota_us": "150000",
    "cpuacct/cpuacct.usage": "1500000000",
}
EXPECTED = cgroup.Reading(270 * MIB, 512 * MIB, 1.5, 1.5, 2)


def lay_out(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}\n")
    return str(folder)


def looked(folder: str) -> cgroup.Reading:
    found = cgroup.find(folder)
    assert found is not None
    reading = found.read()
    assert reading is not None
    return reading


@pytest.mark.parametrize("files", [VERSION_2, VERSION_1], ids=["v2", "v1"])
def test_the_page_cache_does_not_count_as_used(tmp_path: Path, files: dict[str, str]) -> None:
    assert looked(lay_out(tmp_path, files)) == EXPECTED


@pytest.mark.parametrize(
    ("files", "unlimited"),
    [
        (VERSION_2, {"memory.max": "max", "cpu.max": "max 100000"}),
        (VERSION_1, {"memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1"}),
    ],
    ids=["v2", "v1"],
)
def test_no_limit_is_none(tmp_path: Path, files: dict[str, str], unlimited: dict[str, str]) -> None:
    assert looked(lay_out(tmp_path, {**files, **unlimited})) == EXPECTED._replace(limit=None, cpu_limit=None)


@pytest.mark.parametrize("files", [VERSION_2, VERSION_1], ids=["v2", "v1"])
def test_only_the_memory_in_use_must_be_readable(tmp_path: Path, files: dict[str, str]) -> None:
    usage = [name for name in files if name.endswith((".controllers", ".current", ".usage_in_bytes"))]
    folder = lay_out(tmp_path, {name: files[name] for name in usage})
    assert looked(folder) == cgroup.Reading(400 * MIB, None, 0.0, None, 0)


def test_where_no_cgroup_is_mounted_none_is_found(tmp_path: Path) -> None:
    assert cgroup.find(str(tmp_path)) is None
    assert cgroup.find(lay_out(tmp_path, {"cgroup.controllers": ""})) is None


@pytest.mark.parametrize(
    ("mount", "files", "place"),
    [
        ("", VERSION_2, "0::/kubepods/pod1/c1\n"),
        ("memory", VERSION_1, "5:cpu,cpuacct:/x\n4:memory:/kubepods/pod1/c1\n0::/\n"),
    ],
    ids=["v2", "v1"],
)
def test_in_the_whole_hierarchy_its_own_place_is_found_and_the_nearest_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mount: str, files: dict[str, str], place: str
) -> None:
    """Without a cgroup namespace /sys/fs/cgroup may hold all cgroups of the node; the limit may stand above."""
    (name,) = [name for name in files if name.endswith((".max", ".limit_in_bytes")) and "memory" in name]
    (usage,) = [name for name in files if name.endswith((".current", ".usage_in_bytes"))]
    limit, current = Path(name).name, Path(usage).name
    own = tmp_path / mount / "kubepods" / "pod1" / "c1"
    lay_out(tmp_path, {"cgroup.controllers": ""} if not mount else {})
    lay_out(tmp_path / mount, {current: f"{999 * MIB}"})
    lay_out(own.parent, {current: f"{400 * MIB}", limit: f"{512 * MIB}"})
    lay_out(own, {current: f"{300 * MIB}", limit: "max" if not mount else "9223372036854771712"})
    (tmp_path / "self").write_text(place)
    read = cgroup.content
    monkeypatch.setattr(cgroup, "MOUNT", str(tmp_path))
    monkeypatch.setattr(
        cgroup, "content", lambda path: read(str(tmp_path / "self") if path == "/proc/self/cgroup" else path)
    )
    found = cgroup.find()
    assert found is not None
    assert found.memory == str(own.parent)
    (own / limit).write_text(f"{350 * MIB}\n")
    found = cgroup.find()
    assert found is not None
    assert found.memory == str(own)


def test_a_place_that_is_not_mounted_is_looked_for_at_the_mount(tmp_path: Path) -> None:
    """Docker without a cgroup namespace mounts the container's own cgroup; /proc names its place on the node."""
    assert cgroup._limited(lay_out(tmp_path, VERSION_2), "/docker/abc", "memory.current", "memory.max") == str(tmp_path)
