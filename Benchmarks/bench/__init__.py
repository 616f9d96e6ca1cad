"""What the scenarios share: the servers, the accounting and the report."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Everything a run makes: load tools, storage of the servers, results.
WORK = ROOT / ".build" / "bench"

QUICK = bool(os.environ.get("QUICK"))


def sized(full, quick):
    """A count or a number of seconds: `quick` with QUICK=1, which only shows that everything works."""
    return quick if QUICK else full


# How often the subjects take their turns: A B C A B C A B C.
ROUNDS = sized(3, 1)
