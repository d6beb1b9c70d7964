"""Users' images as people build them, each picked as a profile: its kernel runs behind the operator's notebook.

`make e2e` runs this. On a cluster of yours the values' singleuser.profileList names the images, by these slugs.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.hub import Hub
from tests.cluster.shared import Shared, pictured

CONDA = "/opt/conda/envs/science"
PYTHON = """
import humanize, json, os, sys
print(json.dumps([*sys.version_info[:2], sys.prefix, os.environ.get("CONDA_PREFIX"), os.environ.get("SCIENCE_DATA")]))
"""
R = 'cat(jsonlite::toJSON(list(R.version$language, Sys.getenv("HOME"), getwd()), auto_unbox = TRUE))'
# Slug -> kernel, code, and what it prints.
CELLS: dict[str, tuple[str, str, list[Any]]] = {
    "user": ("python3", PYTHON, [3, 11, "/opt/user", None, None]),
    "user-newer": ("python3", PYTHON, [3, 13, "/opt/user", None, None]),
    "user-conda": ("python3", PYTHON, [3, 11, CONDA, CONDA, f"{CONDA}/share/data"]),
    "user-r": ("ir", R, ["R", "/home/jovyan", "/home/jovyan"]),
}


@pytest.mark.parametrize("slug", CELLS)
def test_a_cell_runs_in_the_image_that_was_picked(shared: Shared, shared_hub: Hub, slug: str) -> None:
    """By the gateway of the front-end's bundle, which `auto` takes, whatever the image has."""
    profiles = {profile["slug"]: profile for profile in pictured()}
    if slug not in profiles:
        pytest.skip(f"the values' singleuser.profileList has no {slug}")
    kernel, code, wanted = CELLS[slug]
    server = shared_hub.spawn(slug, slug)
    picked = profiles[slug]["kubespawner_override"].get("image", shared.image("singleuser", "image"))
    pod = shared.namespace.get(f"pod/{server.pod}")
    images = {box["name"]: box["image"] for box in pod["spec"]["containers"]}
    assert images == {"notebook": shared.image("kernelGateway", "notebook", "image"), "kernel": picked}
    assert pod["metadata"]["annotations"]["auditing.image"] == picked
    found = server.execute(code, kernel=kernel)
    assert (json.loads(found["printed"]), found["error"]) == (wanted, "")
    log = shared.namespace.run("logs", server.pod, "--container=kernel")
    assert "the bundle has jupyter-kernel-gateway " in log
    shared_hub.stop(slug)
