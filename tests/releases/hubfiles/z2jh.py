"""What the configuration beside this file, and code of operators, read: values, names, secrets."""

import os
from pathlib import Path

import yaml

FOLDER = Path("/usr/local/etc/jupyterhub")


def _laid_over(values, other):
    both = [key for key in other if isinstance(values.get(key), dict) and isinstance(other[key], dict)]
    return {**values, **other, **{key: _laid_over(values[key], other[key]) for key in both}}


def _values():
    found = {}
    for name in ("secret", "existing-secret"):
        file = FOLDER / name / "values.yaml"
        found = _laid_over(found, (yaml.safe_load(file.read_text()) or {}) if file.exists() else {})
    return found


_VALUES = _values()


def get_config(key, default=None):
    """The value under a dotted key; the default where nothing stands, not where null does."""
    found = _VALUES
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return default
        found = found[part]
    return found


def get_name(name):
    """The full name of an object of the release."""
    return (FOLDER / "config" / name).read_text()


def get_name_env(name, suffix):
    """What Kubernetes says of a Service of the release."""
    return os.environ[f"{get_name(name)}{suffix}".upper().replace("-", "_")]


def get_secret_value(key):
    """A key of the Secrets; the operator's own comes first."""
    files = (FOLDER / name / key for name in ("existing-secret", "secret"))
    return next(file.read_text() for file in files if file.exists())
