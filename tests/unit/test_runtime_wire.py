"""How the notebook server reads kernels' messages in passing, and writes its own."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.localpod import images
from tests.parity.servers import RUNTIME

BUSY = {
    "header": {"msg_id": "1", "msg_type": "status"},
    "parent_header": {},
    "metadata": {},
    "content": {"execution_state": "busy"},
    "channel": "iopub",
}
PRINTED = {**BUSY, "header": {"msg_type": "stream"}, "content": {"text": '"status" "execute_input"'}}
LONG = {**BUSY, "metadata": {"x": "x" * 65536}}

READ = """
import json, sys
import kernelpair_wire as wire
from jupyter_client.session import Session
found = []
for message in json.load(sys.stdin):
    for v1 in (False, True):
        sent = message if isinstance(message, str) else wire.written(message, Session(), v1)
        sent = sent.encode() if v1 and isinstance(sent, str) else sent
        found.append([wire.read(sent, ("status", "execute_input"), v1), wire.read(sent, ("status",), not v1)])
json.dump(found, sys.stdout)
"""


def read(message: Any) -> list[Any]:
    """[[read as what it is, read as the other], ...], for JSON and for v1."""
    python = images.environment("front-end") / "bin" / "python"
    env = {"PYTHONPATH": f"{RUNTIME / 'notebook'}:{RUNTIME / 'shared'}"}
    told = json.dumps([message])
    done = subprocess.run([python, "-c", READ], input=told, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def test_a_status_is_read_as_it_was_written() -> None:
    assert read(BUSY) == [[BUSY, None], [BUSY, None]]


OTHERS = {
    "printed": PRINTED,
    "long": LONG,
    "text": '"status"',
    "no message": '{"header": "status"}',
    "half a message": '{"status"',
    "wrong offsets": 'xxxxxxxx"status"',
}


@pytest.mark.parametrize("message", OTHERS.values(), ids=OTHERS)
def test_what_is_long_or_of_another_kind_or_broken_is_not_read(message: Any) -> None:
    assert read(message) == [[None, None], [None, None]]
