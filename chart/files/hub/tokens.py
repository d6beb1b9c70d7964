"""Puts the tokens that a Secret lacks there, before the hub starts: `python tokens.py KEY...`.

The chart renders the Secret without data, so that rendering twice gives the same bytes. The environment names it:
POD_NAMESPACE and SECRET_NAME. A key that is there stays as it is, whoever wrote it. Needs what the hub's image has.
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import sys
from collections.abc import Iterable
from typing import Any

from kubernetes_asyncio import client, config
from kubernetes_asyncio.client import ApiException

TOKEN_BYTES = 32
ATTEMPTS = 5
CONFLICTS = (409, 422)
"""How API servers answer a patch whose test fails: someone else wrote in between."""


def patch(secret: Any, keys: Iterable[str]) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) that adds the missing ones of ``keys`` to the V1Secret; empty: none is missing.

    It begins with a test of the version that was read, so that it can't overwrite what someone wrote since.
    """
    present = secret.data or {}
    missing = {key: _token() for key in keys if not present.get(key)}
    if not missing:
        return []
    version = {"op": "test", "path": "/metadata/resourceVersion", "value": secret.metadata.resource_version}
    if not present:
        return [version, {"op": "add", "path": "/data", "value": missing}]
    return [version, *({"op": "add", "path": f"/data/{_escaped(key)}", "value": text} for key, text in missing.items())]


def _token() -> str:
    """A fresh token, hexadecimal as JupyterHub wants its cookie secret, in base64 as a Secret holds it."""
    return base64.b64encode(secrets.token_hex(TOKEN_BYTES).encode()).decode()


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


async def complete(api: Any, name: str, namespace: str, keys: list[str], attempts: int = ATTEMPTS) -> list[str]:
    """Add the missing ``keys`` to the Secret and return them; never changes one that is there. Raises ApiException."""
    secret = await api.read_namespaced_secret(name, namespace)
    wanted = patch(secret, keys)
    if not wanted:
        return []
    try:
        await api.patch_namespaced_secret(name, namespace, wanted)
    except ApiException as error:
        if error.status not in CONFLICTS or attempts <= 1:
            raise
        return await complete(api, name, namespace, keys, attempts - 1)
    return [key for key in keys if not (secret.data or {}).get(key)]


async def main(keys: list[str]) -> None:
    """Complete the Secret that the environment names; exits 1 with a sentence where that fails."""
    name, namespace = os.environ["SECRET_NAME"], os.environ["POD_NAMESPACE"]
    config.load_incluster_config()
    async with client.ApiClient() as api:
        try:
            made = await complete(client.CoreV1Api(api), name, namespace, keys)
        except ApiException as error:
            sys.exit(
                f"tokens: the Secret {name} in the namespace {namespace} can't be completed "
                f"({error.status} {error.reason}). Fix: let the hub's service account get and patch it "
                "(rbac.create does), or name a Secret of your own in hub.existingSecret"
            )
    print(f"tokens: Secret {name}: made {', '.join(made) or 'nothing, all keys are there'}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
