"""What a bundle says about itself: bundle.json, and a bill of materials in CycloneDX's format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email import message_from_string
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ci import tools
from ci.bundle import wheels
from ci.bundle.recipe import architecture, recipe


class Part(NamedTuple):
    """One thing that a bundle is made of: a package, a wheel, the Go toolchain."""

    name: str
    version: str
    purl: str
    licence: str
    sha256: str = ""


def of_package(name: str, pin: Mapping[str, str], arch: str) -> Part:
    """Return the part that a Debian package is; purl's type `deb`."""
    where = f"pkg:deb/debian/{quote(name)}@{quote(pin['version'])}?arch={architecture(arch)['debian']}"
    licence = f"licenses/{recipe()['licences'].get(name, name)}/copyright"
    return Part(name, pin["version"], where, licence, pin["sha256"])


def of_wheel(files: Mapping[str, bytes], digest: str) -> Part:
    """Return the part that a wheel is; purl's type `pypi`."""
    said = message_from_string(wheels.metadata(files))
    name = said["Name"].lower().replace("_", "-").replace(".", "-")
    classified = [
        line.rpartition(" :: ")[2] for line in said.get_all("Classifier", ()) if line.startswith("License ::")
    ]
    short = (said["License"] or "").strip()
    licence = said["License-Expression"] or ", ".join(classified) or (short if "\n" not in short else "") or "unknown"
    return Part(name, said["Version"], f"pkg:pypi/{name}@{quote(said['Version'])}", licence, digest)


def go() -> Part:
    """Return what `start` is linked with."""
    version = tools.table()["go"]["version"]
    return Part("go-stdlib", version, f"pkg:golang/stdlib@{version}", "BSD-3-Clause")


def write(tree: Path, arch: str, parts: Sequence[Part]) -> None:
    """Write bundle.json and sbom.cdx.json."""
    versions = {part.name: part.version for part in sorted(parts)}
    said = {
        "format": 1,
        "architecture": arch,
        "gateway": versions[recipe()["gateway"]],
        "python": _upstream(versions[f"python{recipe()['python']}-minimal"]),
        "libc": _upstream(versions["libc6"]),
        "packages": versions,
    }
    (tree / "bundle.json").write_text(json.dumps(said, indent=2) + "\n")
    (tree / "sbom.cdx.json").write_text(json.dumps(_bill(arch, said["gateway"], sorted(parts)), indent=2) + "\n")


def _upstream(version: object) -> str:
    return str(version).partition(":")[2].partition("-")[0] or str(version).partition("-")[0]


def _bill(arch: str, gateway: object, parts: Sequence[Part]) -> dict[str, object]:
    bundle = {"type": "application", "bom-ref": "kernelpair-bundle", "name": "kernelpair-bundle", "version": gateway}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**bundle, "properties": [{"name": "architecture", "value": arch}]}},
        "components": [_component(part) for part in parts],
        "dependencies": [{"ref": "kernelpair-bundle", "dependsOn": [part.purl for part in parts]}],
    }


def _component(part: Part) -> dict[str, object]:
    hashes = {"hashes": [{"alg": "SHA-256", "content": part.sha256}]} if part.sha256 else {}
    return {
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
        "licenses": [{"license": {"name": part.licence}}],
        **hashes,
    }
