"""What the user of a pair reads when the bundle doesn't get into the pod."""

from __future__ import annotations

from typing import Any

import pytest

from kernelpair.hub.missing_bundle import explanation

START = "/opt/kernelpair-bundle/start"
CONTAINERD = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    f'unable to start container process: exec: "{START}": stat {START}: no such file or directory: unknown'
)
CRI_O = f"container create failed: executable file `{START}` not found: No such file or directory"
BEGINS = "This server can't start with a separate kernel container: "


def pod(init: dict[str, Any] | None = None, kernel: dict[str, Any] | None = None) -> dict[str, Any]:
    named = {"image": "example.org/front-end:1"}
    inits = [{"name": "kernelpair-bundle", **named, **init}] if init is not None else []
    kernels = [{"name": "kernel", "image": "example.org/user:1", **kernel}] if kernel is not None else []
    return {"status": {"initContainerStatuses": inits, "containerStatuses": [{"name": "notebook"}, *kernels]}}


def waiting(message: str, reason: str = "RunContainerError") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, message: str | None = None) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": "Error", "message": message}}


BACK_OFF = waiting("back-off 20s restarting failed container=kernelpair-bundle", "CrashLoopBackOff")
WITHOUT = [
    {"state": waiting(CONTAINERD)},
    {"state": waiting(CRI_O, "CreateContainerError")},
    {"state": BACK_OFF, "lastState": ended(128, CONTAINERD)},
    {"state": ended(128, CONTAINERD), "lastState": {}},
]


@pytest.mark.parametrize("init", WITHOUT)
def test_an_image_without_a_bundle_is_named_with_the_fix(init: dict[str, Any]) -> None:
    assert explanation(pod(init)) == (
        f"{BEGINS}the image example.org/front-end:1 has no bundle at /opt/kernelpair-bundle. Fix: name an image that "
        "has it in kernelGateway.gateway.bundle.image, or set gateway.source to auto."
    )


@pytest.mark.parametrize("init", [{"state": ended(1)}, {"state": BACK_OFF, "lastState": ended(1)}])
def test_a_copy_that_failed_says_where_its_log_is(init: dict[str, Any]) -> None:
    said = explanation(pod(init))
    assert said.startswith(f"{BEGINS}the bundle was not copied (exit code 1). ")
    assert "kubectl logs POD -c kernelpair-bundle" in said


def test_a_volume_that_holds_no_bundle_is_told() -> None:
    said = explanation(pod(kernel={"state": waiting(CONTAINERD)}))
    assert said.startswith(f"{BEGINS}the volume kernelpair-bundle holds no bundle. Fix: ")


def test_a_volume_that_can_not_be_mounted_is_told_in_the_kubelets_words() -> None:
    message = 'failed to prepare subPath for volumeMount "kernelpair-bundle" of container "kernel"'
    said = explanation(pod(kernel={"state": waiting(message, "CreateContainerConfigError")}))
    assert said.startswith(f"{BEGINS}the bundle can't be mounted: {message}. Fix: ")


@pytest.mark.parametrize(
    "made",
    [
        {},
        {"status": None},
        {"status": {"initContainerStatuses": None, "containerStatuses": None}},
        pod(),
        pod({"state": None}, {"state": {}}),
        pod({"state": {"waiting": {"reason": "PodInitializing"}}}, {"state": {"waiting": {}}}),
        pod({"state": ended(0)}, {"state": {"running": {}}}),
        # What is another's business: an image that can't be pulled, a kernel container that ended by itself.
        pod({"state": waiting("pull access denied", "ImagePullBackOff")}),
        pod({"state": ended(0)}, {"state": waiting("back-off"), "lastState": ended(1)}),
    ],
)
def test_other_pods_stay_as_they_are(made: dict[str, Any]) -> None:
    assert explanation(made) == ""
