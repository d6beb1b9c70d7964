"""Loads kernelpair's hook into the hub: run by the last line of jupyterhub_config.py, in that file's namespace.

Whatever goes wrong, the hub starts and serves plain pods, and its log says why. Readable by any Python 3.
"""


def _load_kernelpair(config):  # type: ignore[no-untyped-def]
    import logging
    import os
    import sys

    log = logging.getLogger("JupyterHub")
    folder = os.environ.get("KERNELPAIR_HUB_DIR", "/usr/local/etc/kernelpair")
    try:
        if sys.version_info < (3, 9):  # noqa: UP036 (this file alone is read by older ones)
            log.error(
                "kernelpair: USER PODS ARE NOT SPLIT: this hub runs Python %s, and kernelpair needs 3.9 or newer. "
                "Fix: use a newer hub image (zero-to-jupyterhub 2.0.0 or newer), or turn kernelGateway.enabled off.",
                sys.version.split()[0],
            )
            return
        if folder not in sys.path:
            sys.path.insert(0, folder)
        from kernelpair.hub.hook import install

        install(config, folder)
    except Exception:
        log.exception(
            "kernelpair: USER PODS ARE NOT SPLIT: the hook could not be loaded from %s. "
            "Fix: render the release again with this version of kernelpair, or turn kernelGateway.enabled off.",
            folder,
        )


if "c" in globals():  # as in jupyterhub_config.py; nothing happens where this file is merely imported
    _load_kernelpair(globals()["c"])  # type: ignore[no-untyped-call]
    del _load_kernelpair
