"""Unusual but valid input passes to the byte, in documents that were read because they mention kernelpair, too."""

from __future__ import annotations

import pytest

from tests import command
from tests.bad_input.manifests import pod

OPTED_OUT = """\
apiVersion: v1
kind: Pod
metadata:
  name: out
  annotations:
    kernelpair/split: "false"
    kernelpair/settings: '{"enabled": true, "notebook": {"image": {"name": "front-end"}}}'
"""
UNUSUAL = {
    "CRLF": OPTED_OUT.replace("\n", "\r\n"),
    "lone CR": OPTED_OUT.replace("\n", "\r"),
    "no final line end": OPTED_OUT.rstrip("\n"),
    "comments everywhere": OPTED_OUT.replace("\n", "   # comment: [\n# at the margin\n"),
    "anchors and merge keys": f"{OPTED_OUT}x: &x {{a: &y 1}}\nz: {{<<: *x, b: *y}}\nw:\n  <<: [*x, {{c: 1}}]\n",
    "block scalars that contain markers": f"{OPTED_OUT}x: |2-\n   ---\n  ...\n\n\ny: >+\n  folded\n\n  ---\n\n",
    "JSON": '{"kind": "Pod", "metadata": {"annotations": {"kernelpair\\/split": "false"}}}\n',
    "without kind": OPTED_OUT.replace("kind: Pod\n", ""),
    "without anything": "kernelpair/settings\n",
    "tags": f"{OPTED_OUT}x: !custom {{a: !!str 1}}\ny: !<tag:example.org,2026:z> b\nb: !!binary aGVsbG8=\n",
    "very long lines": f"{OPTED_OUT}x: {'long ' * 200_000}\n? {'k' * 1000}\n: 1\n",
    "flow over lines": f"{OPTED_OUT}x: [ a,\n\n  b  , {{c: d,\n  }}, ]\n",
    "explicit keys": f"{OPTED_OUT}? x\n: - 1\n? y\n",
    "values that readers read differently": f"{OPTED_OUT}x: [=, yes, 0o17, 1e3, 12:30:45, 2026-11-24, ~, .inf, 0x1F]\n",
    "directives": f"%YAML 1.1\n%TAG !e! tag:example.org,2026:\n---\n{OPTED_OUT}x: !e!y z\n...\n",
    "line separators in quotes": f'{OPTED_OUT}x: "a\u2028b\u0085c"\n',
    "emoji and escapes": f'{OPTED_OUT}x: 😀\ny: "\\U0001F600 \\x41 \\\n  joined"\n',
    "ninety levels": f"{OPTED_OUT}x: {'[' * 90}{']' * 90}\n",
    "trailing blanks": OPTED_OUT.replace("\n", "  \n") + "\n   \n\n",
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_documents_pass_to_the_byte(name: str) -> None:
    data = UNUSUAL[name].encode()
    assert command.run_program([], data) == command.Done(0, data, "")


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_documents_pass_beside_one_that_is_split(name: str) -> None:
    text = UNUSUAL[name]
    before = f"\ufeff{text}".encode() + (b"" if text.endswith(("\n", "\r")) else b"\n")
    done = command.run([], before + pod().encode())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(before)
    assert done.out.count(b"name: kernel\n") == 1
