"""The hub's configuration: the chart's, hub.config over it, then hub.extraConfig.

With kernelGateway.enabled the post-renderer adds a line below, which runs after all of it.
"""

import os
import sys

c = get_config()  # noqa: F821 (jupyterhub provides it)

_folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
if _folder not in sys.path:
    sys.path.insert(0, _folder)

import hubconfig  # noqa: E402 (found in the folder above)

for _name, _code in hubconfig.configure(c, _folder):
    exec(compile(_code, f"hub.extraConfig.{_name}", "exec"))  # noqa: S102 (the operator's own code)
