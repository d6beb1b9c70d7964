"""What a person's kernels leave behind when their container is told to stop."""

from __future__ import annotations

from typing import Any

from client import Lab


async def leave(lab: Lab, codes: dict[str, str], busy: str = "") -> Any:
    """Run each code in a notebook of its name, with one left `busy`; the server stops under them."""
    for name, code in codes.items():
        opened = await lab.open(name)
        async with lab.kernel(opened["kernel"]["id"]) as kernel:
            await kernel.run(code)
            if name == busy:
                asked = await kernel.execute("import time; time.sleep(600)")
                await kernel.until("execute_input", asked)
    return sorted(codes)
