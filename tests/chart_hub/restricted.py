"""What Pod Security `restricted` asks of a pod (Kubernetes' Pod Security Standards), as a list of what a pod lacks."""

from __future__ import annotations

from typing import Any

VOLUMES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
HOST = ("hostNetwork", "hostPID", "hostIPC")
SECCOMP = ("RuntimeDefault", "Localhost")


def lacks(spec: dict[str, Any]) -> list[str]:
    """Each problem of a pod's spec; empty where the standard admits it."""
    pod = spec.get("securityContext") or {}
    found = [f"{field}" for field in HOST if spec.get(field)]
    found += [f"volume {v['name']}" for v in spec.get("volumes") or [] if not set(v) & set(VOLUMES)]
    for box in spec.get("initContainers", []) + spec["containers"]:
        own = box.get("securityContext") or {}
        capabilities = own.get("capabilities") or {}
        rules = {
            "privileged": not own.get("privileged"),
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "capabilities.drop": "ALL" in capabilities.get("drop", []),
            "capabilities.add": set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
            "runAsNonRoot": own.get("runAsNonRoot", pod.get("runAsNonRoot")) is True,
            "runAsUser": own.get("runAsUser", pod.get("runAsUser", 1)) != 0,
            "seccompProfile": (own.get("seccompProfile") or pod.get("seccompProfile") or {}).get("type") in SECCOMP,
            "hostPort": not any(port.get("hostPort") for port in box.get("ports", [])),
        }
        found += [f"{box['name']}: {rule}" for rule, holds in rules.items() if not holds]
    return found
