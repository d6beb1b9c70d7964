"""The hub's API, as a service with rights over users and their servers, and what runs on those."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.cluster.kubectl import eventually
from tests.localpod import images
from tests.parity.servers import CLIENT, start_client

CELLS = Path(__file__).with_name("cells.py")
SCOPES = ("admin:users", "admin:servers", "access:servers")
SPAWN_SECONDS = 600
SESSION_SECONDS = 300


def rights(token: str) -> dict[str, Any]:
    """The part of hub.config that gives `token` the rights used here."""
    name = "e2e"
    role = {"name": name, "scopes": list(SCOPES), "services": [name]}
    return {"JupyterHub": {"services": [{"name": name, "api_token": token}], "load_roles": [role]}}


class Hub:
    """The hub behind `url`; `prefix` is what runs a program where that can be reached."""

    def __init__(self, url: str, token: str, prefix: tuple[str, ...] = ()) -> None:
        self.url = url
        self.token = token
        self.prefix = prefix

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer, None for an empty one; raises HTTPError for one that is not a success."""
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def spawn(self, user: str) -> Server:
        """The user's server, started, with the user unless known, and ready; fails when the hub gives up."""
        if user not in [known["name"] for known in self.call("GET", "hub/api/users")]:
            self.call("POST", f"hub/api/users/{user}")
        self.call("POST", f"hub/api/users/{user}/server", {})

        def ready() -> str | None:
            server = self.call("GET", f"hub/api/users/{user}")["servers"].get("")
            assert server is not None, f"the hub gave up: see the events of {user}'s pod"
            return server["state"]["pod_name"] if server["ready"] else None

        pod = eventually(ready, f"the server of {user}", SPAWN_SECONDS)
        return Server(self, user, pod)


class Server:
    """A user's server, behind the proxy."""

    def __init__(self, hub: Hub, user: str, pod: str) -> None:
        self.hub = hub
        self.path = f"user/{user}"
        self.pod = pod

    def answers(self) -> bool:
        """Whether the notebook server itself answers, kernels or not."""
        try:
            return "version" in (self.hub.call("GET", f"{self.path}/api") or {})
        except OSError:  # an HTTP error is one, too
            return False

    def begin(self, row: str, through: Hub | None = None, **arguments: Any) -> subprocess.Popen[str]:
        """Start a row of tests/parity, `module.function`, on this server; it answers on stdout.

        `through`: another way to the hub.
        """
        url = f"{(through or self.hub).url}/{self.path}"
        wish = {"url": url, "token": self.hub.token, "old": False, "row": row, "arguments": arguments}
        return start_client(CLIENT, wish, prefix=through.prefix if through else ())

    def ask(self, row: str, **arguments: Any) -> Any:
        """What a row finds on this server."""
        return answer(self.begin(row, **arguments))

    def execute(self, code: str, notebook: str = "work.ipynb") -> dict[str, Any]:
        """Run code in a notebook's kernel; what cells.py finds."""
        wish = {
            "url": f"{self.hub.url}/{self.path}",
            "token": self.hub.token,
            "path": notebook,
            "code": code,
            "timeout": SESSION_SECONDS,
        }
        python = images.environment("front-end") / "bin" / "python"
        command = [python, "-I", CELLS]
        done = subprocess.run(
            command, input=json.dumps(wish), capture_output=True, text=True, timeout=2 * SESSION_SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def answer(row: subprocess.Popen[str]) -> Any:
    """What a row that was begun has found."""
    out, err = row.communicate(timeout=SESSION_SECONDS)
    assert row.returncode == 0, err
    return json.loads(out)
