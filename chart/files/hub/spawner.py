"""The hub's spawner: users get what the PodTemplate says, and KubeSpawner adds what is the user's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import hubconfig
import overlay
from jupyterhub.utils import exponential_backoff
from kubernetes_asyncio.client import ApiException
from kubespawner import KubeSpawner
from manifest import Pod, plain
from tornado.web import HTTPError
from traitlets import Unicode, default

# Not written out: the name as such would have the post-renderer read this file for settings.
_OURS = "kernelpair/"
SETTINGS = f"{_OURS}settings"
STATUS = f"{_OURS}status"

_HOOK = "_kernelpair"
"""Mark of the class that kernelpair's hook makes of the spawner class."""

_STATUS_CODE = 422
"""Of a spawn that can't be: JupyterHub counts no web error below 500 as a failure of its own (from 6.1 on)."""

_TOO_MANY = 429
_FIXES: dict[Any, str] = {
    403: "let the hub's service account get it (rbac.create does)",
    404: "bring it back with helm upgrade",
}
"""By the API server's answer for the PodTemplate: what to do."""

_POLL_SECONDS = 0.2
_UNUSABLE = "the hook of kernelGateway could not be used, see the hub's log where it starts"


class NoPodError(Exception):
    """A user's pod can't be made of the PodTemplate: what is wrong, and what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}. Fix: {fix}")


class TemplateSpawner(KubeSpawner):
    """A KubeSpawner whose pods are the PodTemplate's, with what it makes itself laid over it.

    The PodTemplate is read at every spawn, so that `kubectl edit podtemplate` changes the next one. What is configured
    of KubeSpawner, in hub.config or by a profile, wins over the template; what isn't leaves the template as it is.
    """

    pod_template = Unicode(config=True, help="The name of the PodTemplate, in the namespace of the user's pod.")

    # KubeSpawner's own defaults say something; here the template does.
    @default("image")
    def _no_image(self) -> str:
        return ""

    @default("image_pull_policy")
    def _no_policy(self) -> str:
        return ""

    @default("allow_privilege_escalation")
    def _nothing_about_privileges(self) -> None:
        return None

    def start(self) -> Any:
        """Start as KubeSpawner does; what the last spawn had to tell is forgotten."""
        self._notes: list[str] = []
        self._is_made = False
        return super().start()

    async def get_pod_manifest(self) -> Pod:
        """Return the user's pod, as a dict that behaves like KubeSpawner's V1Pod and holds fields that has not.

        Raises HTTPError with a sentence for the user's progress page where there is no usable PodTemplate.
        """
        made = plain(await super().get_pod_manifest())
        try:
            document = await self._read_template()
            return Pod(self._over(document, made))
        except NoPodError as error:
            self.log.error("No pod for %s: %s", self.user.name, error)
            raise _refusal(f"This server can't start: {error}") from error
        finally:
            self._is_made = True

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield KubeSpawner's events, and what there is to tell about the pod."""
        told = 0

        def news() -> Iterator[dict[str, Any]]:
            nonlocal told
            notes = getattr(self, "_notes", [])[told:]
            told += len(notes)
            yield from ({"message": note} for note in notes)

        async for event in super().progress():
            yield event
            for note in news():
                yield note
        # Without events (events_enabled off) KubeSpawner's progress ends before there is a pod.
        while not getattr(self, "_is_made", True) and not self._has_ended():
            await asyncio.sleep(_POLL_SECONDS)
        for note in news():
            yield note

    def _has_ended(self) -> bool:
        return self._start_future is not None and bool(self._start_future.done())

    async def _read_template(self) -> dict[str, Any]:
        """Return the PodTemplate whole: the client's model of it would lose fields that are newer than the client.

        An API server that is too busy is asked again, for as long as KubeSpawner asks it to make a pod.
        """
        where = f"the PodTemplate {self.pod_template} in the namespace {self.namespace}"
        last: dict[str, Any] = {}

        async def answered() -> bool:
            try:
                last["status"], last["text"] = await self._ask_for_template()
            except (ApiException, OSError, asyncio.TimeoutError) as error:
                last["why"] = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                return False
            last["why"] = f"the API server answers {last['status']}"
            return last["status"] < 500 and last["status"] != _TOO_MANY

        with contextlib.suppress(asyncio.TimeoutError):
            await exponential_backoff(answered, where, timeout=self.k8s_api_request_retry_timeout)
        if last.get("status") != 200:
            raise NoPodError(f"{where} can't be read ({last['why']})", _FIXES.get(last.get("status"), "start it again"))
        document: dict[str, Any] = json.loads(last["text"])
        return document

    async def _ask_for_template(self) -> tuple[int, bytes]:
        """Return the API server's status and answer."""
        answer = await self.api.read_namespaced_pod_template(
            self.pod_template,
            self.namespace,
            _preload_content=False,
            _request_timeout=self.k8s_api_request_timeout,
        )
        return answer.status, await answer.read()

    def _over(self, document: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
        template = self._plain_template(document)
        if not overlay.has_notebook(template):
            what = f"the PodTemplate {self.pod_template} has no container called {overlay.NOTEBOOK}"
            raise NoPodError(what, "give the user's container that name")
        self._tell_unless_split(document)
        try:
            template = overlay.filled_in(template, self._expand_user_properties)
        except (KeyError, ValueError, IndexError) as error:
            what = f"a folder or claim in the PodTemplate {self.pod_template} can't be filled in ({error!r})"
            raise NoPodError(what, "use fields that KubeSpawner knows, such as {username}") from error
        made = overlay.said(made, self._unasked())
        if self.storage_pvc_ensure:
            made = overlay.with_home(made, self.pvc_name)
        return overlay.user_pod(template, self._with_token_mounted(made))

    def _plain_template(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the template as it was before the post-renderer made it a pair, if it did."""
        template: dict[str, Any] = document.get("template") or {}
        if STATUS not in ((template.get("metadata") or {}).get("annotations") or {}):
            return template
        name = f"the PodTemplate {self.pod_template} is a pair"
        try:
            from kernelpair.core.reasons import Refused
            from kernelpair.core.split import undo
        except ImportError:
            what = f"{name}, and this hub has no hook to make users' pods of pairs: only a part of the release went"
            fix = "upgrade the release with --post-renderer kernelpair, hub included"
            raise NoPodError(f"{what} through the post-renderer", fix) from None
        try:
            undone: dict[str, Any] = undo(template)
        except Refused as refused:
            why = "; ".join(finding.what for finding in refused.findings)
            raise NoPodError(f"{name} that can't be taken back ({why})", "bring it back with helm upgrade") from refused
        return undone

    def _tell_unless_split(self, document: dict[str, Any]) -> None:
        """Be loud where the flag is on and nothing will split this pod."""
        if not _flag(document) or any(_HOOK in vars(cls) for cls in type(self).__mro__):
            return
        why = _UNUSABLE if "kernelpair.hub.hook" in sys.modules else hubconfig.NOT_RENDERED
        self.log.error("kernelpair: plain pod for %s: %s", self.user.name, why)
        self._notes = [*getattr(self, "_notes", []), f"No separate kernel container: {why}."]

    def _unasked(self) -> frozenset[str]:
        """Return the fields of a pod's spec that KubeSpawner writes though nothing is configured."""
        fields = {"restartPolicy"}
        if self.automount_service_account_token is None:
            fields.add("automountServiceAccountToken")
        return frozenset(fields - {_camel_case(key) for key in self.extra_pod_config})

    def _with_token_mounted(self, made: dict[str, Any]) -> dict[str, Any]:
        """Return the pod with the token of a service account that was chosen, which the template may rule out.

        For KubeSpawner a service account means its token; null takes the template's word back.
        """
        spec = made["spec"]
        if "serviceAccountName" not in spec or "automountServiceAccountToken" in spec:
            return made
        return {**made, "spec": {**spec, "automountServiceAccountToken": None}}


def _flag(document: dict[str, Any]) -> bool:
    text = ((document.get("metadata") or {}).get("annotations") or {}).get(SETTINGS)
    try:
        settings = json.loads(text or "{}")
    except ValueError:
        return False
    return isinstance(settings, dict) and settings.get("enabled") is True


def _camel_case(key: str) -> str:
    return re.sub(r"_([a-z])", lambda letter: letter.group(1).upper(), key)


def _refusal(message: str) -> HTTPError:
    error = HTTPError(_STATUS_CODE, "%s", message)
    error.jupyterhub_message = message
    return error
