"""The hub's API, as a service with rights over users and their servers, and what runs on those."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from tests.cluster.kubectl import eventually
from tests.parity.servers import CLIENT, Asking, start_client

SCOPES = ("admin:users", "admin:servers", "access:servers")
SPAWN_SECONDS = 600
SESSION_SECONDS = 300
STOP_SECONDS = 120
HUB_SECONDS = 60


def rights(token: str) -> dict[str, Any]:
    """The part of hub.config that gives `token` the rights used here."""
    name = "e2e"
    role = {"name": name, "scopes": list(SCOPES), "services": [name]}
    return {"JupyterHub": {"services": [{"name": name, "api_token": token}], "load_roles": [role]}}


class Hub:
    """The hub behind `url`."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer, None for an empty one; raises HTTPError for one that is not a success."""
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def start(self, user: str, profile: str = "") -> Iterator[dict[str, Any]]:
        """Ask for the user's server; what their spawn page tells, until it is there or has failed."""
        # Right after an upgrade not every part of the cluster knows yet where the hub's new pod is.
        eventually(self.answers, "the hub answers", HUB_SECONDS)
        if user not in [known["name"] for known in self.call("GET", "hub/api/users")]:
            self.call("POST", f"hub/api/users/{user}")
        self.call("POST", f"hub/api/users/{user}/server", {"profile": profile} if profile else {})
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/hub/api/users/{user}/server/progress", headers=headers)
        with urllib.request.urlopen(request, timeout=SPAWN_SECONDS) as answer:
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    def answers(self, path: str = "hub/api") -> bool:
        """Whether it answers, or the server whose API is at `path`."""
        try:
            return "version" in (self.call("GET", path) or {})
        except OSError:  # an HTTP error is one, too
            return False

    def refused(self, user: str, profile: str = "") -> str:
        """What the user reads when no server starts; fails when one does."""
        *_, last = self.start(user, profile)
        assert last.get("failed"), last
        message: str = last["message"]
        return message

    def spawn(self, user: str, profile: str = "") -> Server:
        """The user's server, started, with the user unless known, and ready; fails when the hub gives up."""
        told = [event["message"] for event in self.start(user, profile)]

        def ready() -> str | None:
            server = self.servers(user).get("")
            assert server is not None, f"the hub gave up: {told}"
            return server["state"]["pod_name"] if server["ready"] else None

        pod = eventually(ready, f"the server of {user}", SPAWN_SECONDS)
        return Server(self, user, pod, told)

    def servers(self, user: str) -> dict[str, Any]:
        """The user's servers by name, as the hub knows them."""
        found: dict[str, Any] = self.call("GET", f"hub/api/users/{user}")["servers"]
        return found

    def stop(self, user: str) -> None:
        """End the user's server, and wait until it has ended."""
        self.call("DELETE", f"hub/api/users/{user}/server")

        eventually(lambda: not self.servers(user), f"the end of the server of {user}", STOP_SECONDS)


class Server:
    """A user's server, behind the proxy; `told` are the lines of the spawn page."""

    def __init__(self, hub: Hub, user: str, pod: str, told: list[str]) -> None:
        self.hub = hub
        self.path = f"user/{user}"
        self.pod = pod
        self.told = told

    def answers(self) -> bool:
        """Whether the notebook server itself answers, kernels or not."""
        return self.hub.answers(f"{self.path}/api")

    def begin(self, row: str, tails: Callable[[], str] = lambda: "", **arguments: Any) -> Asking:
        """Start a row of tests/parity, `module.function`, on this server; `tails` tells of it when the row fails."""
        url = f"{self.hub.url}/{self.path}"
        wish = {"url": url, "token": self.hub.token, "old": False, "row": row, "arguments": arguments}
        return Asking(start_client(CLIENT, wish), tails)

    def ask(self, row: str, **arguments: Any) -> Any:
        """What a row finds on this server."""
        return self.begin(row, **arguments).answer(2 * SESSION_SECONDS)

    def execute(self, code: str, notebook: str = "work.ipynb", kernel: str = "python3") -> dict[str, Any]:
        """Run code in a notebook's kernel, of that name where it has none yet; what the row finds."""
        wish = {"path": notebook, "code": code, "name": kernel, "seconds": SESSION_SECONDS}
        found: dict[str, Any] = self.ask("cells.execute", **wish)
        return found

    def value(self, code: str) -> Any:
        """What code prints as JSON; fails where it fails."""
        found = self.execute(code)
        assert found["error"] == "", found
        return json.loads(found["printed"])
