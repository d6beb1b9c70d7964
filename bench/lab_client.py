"""Asks Jupyter servers for what the contests (g) and (h) time; run with the front-end environment's interpreter.

stdin: JSON {"what": a function below, ...its arguments}; stdout: JSON, seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "parity"))
from client import LARGEST, Lab
from tornado.httpclient import AsyncHTTPClient

MIB = 2**20
POLL_SECONDS = 0.005


async def first_cell(home: str) -> float:
    """The time of day at which the first cell has its result, on the server that is starting in `home`."""
    while True:
        for file in Path(home).glob(".local/share/jupyter/runtime/jpserver-*.json"):
            told = json.loads(file.read_text() or "{}")
            if told:
                lab = Lab(told["url"], told["token"])
                async with lab.notebook("first.ipynb") as kernel:
                    if await kernel.printed("print(6 * 7)") != "42\n":
                        raise ValueError("the first cell has no result")
                    return time.time()
        await asyncio.sleep(POLL_SECONDS)


async def cells(url: str, token: str, count: int) -> list[float]:
    """How long each of `count` cells takes, from the request until the kernel is idle and has replied."""
    found = []
    async with Lab(url, token).notebook("cells.ipynb") as kernel:
        for number in range(count + 10):
            began = time.perf_counter()
            messages = await kernel.run("1 + 1")
            if number >= 10:  # those before warm up what caches there are
                found.append(time.perf_counter() - began)
            if not any(message["content"].get("data") == {"text/plain": "2"} for message in messages):
                raise ValueError("a cell has no result")
    return found


async def output(url: str, token: str, mib: int) -> float:
    """How long an output of that size takes."""
    async with Lab(url, token).notebook("output.ipynb") as kernel:
        await kernel.run(f"from IPython.display import display; x = 'x' * {mib * MIB}")
        began = time.perf_counter()
        messages = await kernel.run("display({'text/plain': x}, raw=True)")
        if max(len(message["content"].get("data", {}).get("text/plain", "")) for message in messages) != mib * MIB:
            raise ValueError("the output is not as large as it should be")
        return time.perf_counter() - began


async def main() -> None:
    """Answer one wish."""
    wish = json.load(sys.stdin)
    AsyncHTTPClient.configure(None, max_body_size=LARGEST)
    json.dump(await globals()[wish.pop("what")](**wish), sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
