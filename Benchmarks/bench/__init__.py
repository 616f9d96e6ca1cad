"""What the scenarios share: the servers, the accounting and the report."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A run writes everything here: load tools, the servers' storage, results.
WORK = ROOT / ".build" / "bench"

QUICK = bool(os.environ.get("QUICK"))


def sized(full, quick):
    """A count or a number of seconds: `quick` with QUICK=1, which only shows that everything works."""
    return quick if QUICK else full


# How many rounds the subjects alternate for: A B C A B C A B C.
ROUNDS = sized(3, 1)
# For how many at most, where they disagree: see `report.rounds`.
MOST_ROUNDS = 2 * ROUNDS
