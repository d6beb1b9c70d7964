"""Times the comparison of a bundle with its hashes; run by the bundle's own Python.

Arguments: the folder with the launcher's files. stdout: JSON [seconds, seconds of processor time].
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from kernelpair_bundle import differences

began, before = time.perf_counter(), time.process_time()
found = list(differences(Path(sys.prefix)))
figures = [time.perf_counter() - began, time.process_time() - before]
if found:
    sys.exit(f"the bundle isn't what its list of hashes says: {found}")
json.dump(figures, sys.stdout)
