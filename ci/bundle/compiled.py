"""Compiles every module of a bundle and removes its source; run by a bundle's own Python, with PYTHONHASHSEED=0.

    compiled.py TREE PLACE    TREE is the bundle; tracebacks name its files as if it stood at PLACE

A `.pyc` stands where its `.py` stood, which halves the files and bytes that are copied at each spawn. Tracebacks keep
file names, line numbers and functions; they lose the lines' text. One process, in the order of the paths: the order
decides which strings are interned, and so the bytes.
"""

import importlib._bootstrap_external as external
import importlib.util
import sys
from pathlib import Path


def main(tree: Path, place: str) -> None:
    """Compile the modules below `tree`."""
    for source in sorted(tree.rglob("*.py")):
        text = source.read_bytes()
        name = f"{place}/{source.relative_to(tree)}"
        code = compile(text, name, "exec", dont_inherit=True, optimize=0)
        unchecked = external._code_to_hash_pyc(code, importlib.util.source_hash(text), False)
        source.with_suffix(".pyc").write_bytes(unchecked)
        source.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
