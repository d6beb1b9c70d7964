"""Times the hook beside KubeSpawner in one process; runs inside a hub's environment, started by bench.hubs.

Arguments: the folder with what the hub mounts, the folder of tests/hub/driver.py, and how many rounds. Standard output:
the rounds, as `bench.measure.inside` reads them. Exits with a message when a pod isn't the pair that it should be.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

SPAWNS = 20
"""How often each is done in a round, in turn: one alone takes less than a millisecond."""
CASE = {"internal_ssl": False, "server": "", "options": {}, "api": {}}


async def timed(work: Callable[[], Any], spent: list[float]) -> Any:
    """Do ``work``, await it if need be, and add to [seconds, seconds of processor time]."""
    wall, cpu = time.perf_counter(), time.process_time()
    done = work()
    if isinstance(done, Awaitable):
        done = await done
    spent[0] += (time.perf_counter() - wall) / SPAWNS
    spent[1] += (time.process_time() - cpu) / SPAWNS
    return done


async def one_round(spawner: Any, before: Any) -> dict[str, list[float]]:
    """Make pods and run the hook on them, in turn; the hook is what the hub itself would call."""
    manifest, hook, serialise, create = ([0.0, 0.0] for _ in range(4))

    async def as_without_us() -> None:
        await spawner._make_create_pod_request(await spawner.get_pod_manifest(), 5)

    for _ in range(SPAWNS):
        pod = await timed(spawner.get_pod_manifest, manifest)
        pair = await timed(lambda pod=pod: spawner.modify_pod_hook(spawner, pod), hook)
        sent = await timed(lambda pod=pod: spawner.api.api_client.sanitize_for_serialization(pod), serialise)
        await timed(as_without_us, create)
        check(pair, sent, before)
    names = ("get_pod_manifest", "the hook", "serialising KubeSpawner's pod", "get_pod_manifest and the API request")
    return dict(zip(names, (manifest, hook, serialise, create), strict=True))


def check(pair: Any, pod: Any, before: Any) -> None:
    """Exit unless ``pair`` is a pair made of ``pod``, and ``pod`` what KubeSpawner made ``before``."""
    from kernelpair.core.split import undo

    if pod != before or undo(pair) != pod:
        sys.exit("the hook changed more of the pod than it should")
    containers = [container["name"] for container in pair["spec"]["containers"]]
    if containers != ["notebook", "kernel", "metrics"]:
        sys.exit(f"the hook made no pair: {containers}")


async def main(folder: Path, count: int) -> None:
    """Load the configuration as a hub does, and print the rounds; the first isn't counted."""
    import driver
    from jupyterhub import orm

    server = driver.ApiServer()
    (folder / "kubeconfig").write_text(driver.KUBECONFIG.format(url=await server.start()))
    database = orm.new_session_factory("sqlite:///:memory:")()
    config = Path(__file__).with_name("hub_config.py").read_text() + f"\nexec(open({str(folder / 'load.py')!r}).read())"
    hub = driver.hub_of(config)
    hub.log.setLevel(logging.INFO)
    spawner = await driver.spawner_of(driver.user_of(hub, "ann@example.org", database), CASE)
    await spawner.load_user_options()
    before = spawner.api.api_client.sanitize_for_serialization(await spawner.get_pod_manifest())
    rounds = [await one_round(spawner, before) for _ in range(count + 1)]
    json.dump(rounds[1:], sys.stdout)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    # The client looks at the first when it is imported, our loader at the second.
    os.environ.update(KUBECONFIG=str(place / "kubeconfig"), KERNELPAIR_HUB_DIR=str(place), POD_NAMESPACE="hub")
    sys.path.insert(0, sys.argv[2])
    asyncio.run(main(place, int(sys.argv[3])))
