"""Texts that the tests of bad input are made of."""

from __future__ import annotations

import json
from typing import Any

FRONT_END = {"image": {"name": "front-end", "tag": "1"}}
SETTINGS: dict[str, Any] = {"enabled": True, "notebook": FRONT_END}


def pod(settings: Any = SETTINGS, annotations: str = "", spec: str = "", container: str = "", name: str = "ada") -> str:
    """A pod whose container's home is mounted, with lines added; `settings` as JSON, or the annotation's text."""
    text = settings if isinstance(settings, str) else json.dumps(settings)
    return f"""\
---
# Source: lab/templates/{name}.yaml
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  annotations:
    kernelpair/settings: '{text}'
{annotations}spec:
  securityContext: {{runAsUser: 1000}}
{spec}  containers:
    - name: notebook
      image: example.org/scipy:2026
{container}      volumeMounts:
        - {{name: home, mountPath: /home/jovyan}}
  volumes:
    - {{name: home, emptyDir: {{}}}}
"""
