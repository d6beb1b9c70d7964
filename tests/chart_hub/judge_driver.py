"""Asks the program of `helm test` what it makes of a cell's answer and a pod; runs inside a hub environment.

Standard input: JSON, {"program": its path, "cases": [[command line of the first process, pod, expected]]}. Standard
output: JSON, its words for each, after "!" where it fails.
"""

from __future__ import annotations

import importlib.util
import json
import sys

job = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("run_a_cell", job["program"])
assert spec is not None
assert spec.loader is not None
module = importlib.util.module_from_spec(spec)
sys.modules["run_a_cell"] = module
spec.loader.exec_module(module)

answers = []
for first, pod, expected in job["cases"]:
    try:
        answers.append(module.judged(module.Ran("jupyter-ann", first), pod, expected, "auditing.image"))
    except module.StepError as error:
        answers.append(f"!{error}")
json.dump(answers, sys.stdout)
