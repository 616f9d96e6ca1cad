"""What the scenarios share: the servers, the accounting and the report."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Everything a run makes: load tools, storage of the servers, results.
WORK = ROOT / ".build" / "bench"
