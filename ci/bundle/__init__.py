"""The bundle: jupyter-kernel-gateway with all that it needs, its own Python and C library included, as one folder."""

from ci.bundle.build import archive, built
from ci.bundle.recipe import PLACE, BundleError
from ci.bundle.tree import SUMS

__all__ = ["PLACE", "SUMS", "BundleError", "archive", "built"]
