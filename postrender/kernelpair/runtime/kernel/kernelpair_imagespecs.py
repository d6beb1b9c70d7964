"""The image's kernelspecs, for a gateway whose own Python is not the image's; imports jupyter_client."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager, NoSuchKernel
from kernelpair_image import Image

# What upstream takes for its own Python when a kernel starts (KernelManager.format_kernel_cmd).
_ANY_PYTHON = re.compile(r"python(\d+(\.\d+)?)?")


class ImageKernelSpecs(KernelSpecManager):  # type: ignore[misc]
    """What `jupyter kernelspec list` shows where the image's own Python runs it, and `python` as that has it.

    An ipykernel that can be imported is a kernel, also without a kernelspec, as upstream makes one of its own.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.image = Image(os.environ)
        super().__init__(**kwargs)
        self.ensure_native_kernel = False

    def _kernel_dirs_default(self) -> list[str]:
        return [str(folder) for folder in self.image.kernels()]

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the folders of all kernelspecs, by name."""
        found: dict[str, str] = super().find_kernel_specs()
        if NATIVE_KERNEL_NAME not in found:
            native = self.image.ipykernel()
            if native is not None:
                found[NATIVE_KERNEL_NAME] = str(native.folder / "ipykernel" / "resources")
        return found

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return one; raises `NoSuchKernel`."""
        try:
            spec = super().get_kernel_spec(kernel_name)
        except NoSuchKernel:
            spec = self._native() if kernel_name == NATIVE_KERNEL_NAME else None
            if spec is None:
                raise
        if spec.argv and _ANY_PYTHON.fullmatch(spec.argv[0]):
            spec.argv = [self._resolved(kernel_name, spec), *spec.argv[1:]]
        return spec

    def _resolved(self, kernel_name: str, spec: KernelSpec) -> str:
        """Return the path of the Python that a kernelspec names; upstream would start the gateway's own."""
        name = spec.argv[0]
        python = self.image.python_for(Path(spec.resource_dir))
        if python is not None and name in ("python", *(f"python{number}" for number in python.numbers)):
            named = python.executable.with_name(name)
            return str(named if named.is_file() else python.executable)
        path = shutil.which(name)
        if path is None:
            self.log.warning("kernelpair: kernel %s needs %s, which is not on PATH in this image", kernel_name, name)
            raise NoSuchKernel(kernel_name)
        return str(path)

    def _native(self) -> KernelSpec | None:
        native = self.image.ipykernel()
        if native is None:
            return None
        return KernelSpec(
            resource_dir=str(native.folder / "ipykernel" / "resources"),
            argv=[str(native.python.executable), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3 (ipykernel)",
            language="python",
            metadata={"debugger": True},
        )
