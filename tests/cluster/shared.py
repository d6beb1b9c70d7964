"""One release for all tests that install nothing themselves: its users pick from profiles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kubectl import OURS
from tests.cluster.release import Release, given

GPU = "nvidia.com/gpu"
OPTED_OUT = {"kernelpair/split": "false"}
OWN_CLUSTER = pytest.mark.skipif(
    not OURS,
    reason="it changes the node, and only the cluster of ci/cluster is there for that",
)


class Shared(Release):
    """Our chart with the profiles of the cluster's values, and those below."""

    def _values(self) -> dict[str, Any]:
        values = super()._values()
        values["prePuller"] = {"continuous": {"enabled": False}}
        values["singleuser"]["profileList"] = [*(pictured() or [_profile("user", {})]), *_profiles()]
        return values


def pictured() -> list[dict[str, Any]]:
    """The profiles of the cluster's values, one for each image that users may pick."""
    found: list[dict[str, Any]] = given()["singleuser"]["profileList"]
    return found


def _profile(slug: str, override: dict[str, Any]) -> dict[str, Any]:
    return {"display_name": slug, "slug": slug, "kubespawner_override": override}


def _profiles() -> list[dict[str, Any]]:
    image = given()["kernelGateway"]["notebook"]["image"]
    plain = {"image": f"{image['name']}:{image['tag']}", "extra_annotations": OPTED_OUT}
    gpu = {"extra_resource_limits": {GPU: "1"}, "extra_resource_guarantees": {GPU: "1"}}
    read_only = {
        "container_security_context": {"readOnlyRootFilesystem": True},
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "volume_mounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    without_class = {"storage_class": "there-is-none", "pvc_name_template": "lost-{user_server}"}
    special = {"": {}, "gpu": gpu, "read-only": read_only, "no-class": without_class}
    return [
        _profile("-".join(filter(None, (kind, name))), {**base, **override})
        for kind, base in (("pair", {}), ("plain", plain))
        for name, override in special.items()
    ]
