"""kernelpair splits a JupyterHub user's pod into a notebook container and a kernel container."""

__version__ = "0.1.0"
