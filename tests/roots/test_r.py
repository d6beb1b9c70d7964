"""A root with R and no Python: Debian's, with its IRkernel."""

from __future__ import annotations

from pathlib import Path

from tests.roots import debian
from tests.roots.container import IMAGE, USERS, Container, both

LIBRARIES = "usr/lib/x86_64-linux-gnu"
R = debian.Recipe(
    "bookworm",
    ("r-cran-irkernel", "r-cran-jsonlite", "grep"),
    {
        f"{LIBRARIES}/libblas.so.3": "blas/libblas.so.3",
        f"{LIBRARIES}/liblapack.so.3": "lapack/liblapack.so.3",
        "etc/R/Renviron": "/usr/lib/R/etc/Renviron.ucf",
        "usr/bin/which": "which.debianutils",
    },
)
FACTS = """
given <- Sys.getenv()
cat(jsonlite::toJSON(list(
  home = R.home(), version = R.version.string, packages = sort(rownames(installed.packages())),
  libraries = .libPaths(), env = as.list(given[names(given) != "R_SESSION_TMPDIR"])
), auto_unbox = TRUE))
"""


def test_a_kernel_is_the_images_r(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    container = Container(debian.unpacked(R), IMAGE, USERS[-1], read_only=True)
    found = container.run(scratch, "ir", FACTS, ("R", "--slave", "-e", FACTS))
    alone, facts = both(found)
    assert facts == alone
    assert found["specs"] == {"ir": [["R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"], "R"]}
    assert "Python notebooks can't run in this image, only ir: no python3 or python on PATH" in found["log"]
