"""Checks manifests strictly against the schemas of every supported Kubernetes version, offline.

    python -m ci.kubeconform [FILE...]    check the files, or standard input; exits 1 on problems

The schemas come from the package kubernetes-validate, pinned in ci/requirements/dev.txt; they are rewritten once into
the cache, in the layout that kubeconform reads.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ci import tools

VERSIONS = tuple(f"1.{minor}.0" for minor in range(29, 38))
"""The Kubernetes versions that kernelpair supports, oldest first."""

WITHOUT_SCHEMA = ("kubeflow.org/v1/Notebook",)
"""Kinds that may appear though no schema is at hand. Any other kind without a schema is a problem, never ignored."""

EMPTY = ""
"""What kubeconform says of a document that holds nothing."""

GOOD = ("statusValid", "statusSkipped", EMPTY)
"""What kubeconform says of a document that needs no attention; it skips only WITHOUT_SCHEMA."""

PACKAGE = "kubernetes-validate"
LAYOUT = 1
"""Part of the cache folder's name: count it up when `_rewrite` changes."""


def check(manifests: bytes, versions: Iterable[str] = VERSIONS) -> list[str]:
    """Return the problems of a YAML stream, one line each, naming version, kind and name; empty when all is valid.

    A stream without any resource is a problem too: it would pass whatever the check does.
    """
    return check_all({"": manifests}, versions)


def check_all(streams: Mapping[str, bytes], versions: Iterable[str] = VERSIONS) -> list[str]:
    """Do what `check` does for many named streams at once: far quicker, and each problem names its stream too."""
    folder = schemas()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(max_workers=2) as pool:
        files = {str(Path(scratch) / f"{number}.yaml"): name for number, name in enumerate(streams)}
        for file, name in files.items():
            Path(file).write_bytes(streams[name])
        found = pool.map(lambda version: _check_one(files, version, folder), versions)
        return [problem for problems in found for problem in problems]


def _check_one(files: Mapping[str, str], version: str, folder: Path) -> list[str]:
    """Return the problems of `files` (path to the name that people know) for one version."""
    location = f"{folder}/{{{{ .NormalizedKubernetesVersion }}}}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    command = [
        *(str(tools.path("kubeconform")), "-strict", "-verbose", "-output", "json", "-kubernetes-version", version),
        *("-schema-location", location, "-skip", ",".join(WITHOUT_SCHEMA), *files),
    ]
    done = subprocess.run(command, capture_output=True, check=False)
    failed = f"{version}: kubeconform failed with exit code {done.returncode}: {done.stderr.decode().strip()}"
    try:
        entries = json.loads(done.stdout)["resources"] or []
    except ValueError:
        return [failed]
    seen = {entry["filename"] for entry in entries if entry["status"] != EMPTY}
    problems = [_problem(entry, version, files) for entry in entries if entry["status"] not in GOOD]
    problems += [
        f"{version}: {name}: there is no resource to check" for file, name in files.items() if file not in seen
    ]
    return [failed] if done.returncode != 0 and not problems else problems


def _problem(entry: Mapping[str, Any], version: str, files: Mapping[str, str]) -> str:
    place = f"{entry.get('kind') or 'document'}/{entry.get('name') or '?'}"
    return ": ".join(filter(None, (version, files[entry["filename"]], place, entry["msg"])))


def schemas() -> Path:
    """Return the folder of strict schemas, one folder for each of VERSIONS; make it if it is missing."""
    folder = tools.cache_folder() / "schemas" / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}-{LAYOUT}"
    if folder.exists():
        return folder
    with tools.lock(folder):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
                made = Path(scratch) / "made"
                for version in VERSIONS:
                    _rewrite(_packaged(version), made / f"v{version}")
                made.rename(folder)
    return folder


def _packaged(version: str) -> Path:
    """Tell where the package keeps the strict schemas of `version`."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise tools.ToolError(f"kubeconform: the package {PACKAGE} is not installed: make venv")
    return Path(spec.origin).parent / "kubernetes-json-schema" / f"v{version}-local-strict"


def _rewrite(source: Path, target: Path) -> None:
    """Copy the schemas of one version: only of kinds, without descriptions, references made relative.

    The package's own identifiers and its absolute references to `/api/_definitions.json` name no file.
    """
    target.mkdir(parents=True)
    for file in source.glob("*.json"):
        schema = json.loads(file.read_text().replace("/api/_definitions.json", "_definitions.json"))
        if file.name == "_definitions.json" or {"apiVersion", "kind"} <= schema.get("properties", {}).keys():
            schema.pop("$id", None)
            _drop_descriptions(schema)
            (target / file.name).write_text(json.dumps(schema, separators=(",", ":")))


def _drop_descriptions(schema: Any) -> None:
    """Remove the prose: most of the size. A property that is called description is a mapping, and stays."""
    if isinstance(schema, dict):
        if isinstance(schema.get("description"), str):
            del schema["description"]
        for value in schema.values():
            _drop_descriptions(value)
    elif isinstance(schema, list):
        for value in schema:
            _drop_descriptions(value)


def main(files: list[str]) -> None:
    """Check each file, or standard input; prints the problems and exits 1 when there are any."""
    streams = {name: Path(name).read_bytes() for name in files} or {"stdin": sys.stdin.buffer.read()}
    problems = check_all(streams)
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"{len(streams)} streams, {len(VERSIONS)} Kubernetes versions, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
