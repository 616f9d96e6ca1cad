"""What was measured: a JSON line for each measurement, and RESULTS.md made of them."""

import json

from . import WORK

RESULTS = WORK / "results.jsonl"


def record(scenario, subject, **metrics):
    """Notes one measurement of one subject (parley, or a peer's name) and shows it.

    A metric's name ends in its unit: `_us`, `_ms`, `_s`, `_kb`, `_per_s`. The same scenario and subject may be recorded
    once a round: the report gives the median and the spread.
    """
    line = {"scenario": scenario, "subject": subject, **metrics}
    with open(RESULTS, "a") as results:
        results.write(json.dumps(line) + "\n")
    shown = ", ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                      for name, value in metrics.items())
    print(f"  {subject}: {shown}", flush=True)
