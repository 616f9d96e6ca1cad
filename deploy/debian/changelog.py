#!/usr/bin/env python3
"""Prints Debian's changelog, made from CHANGELOG.md.

    changelog.py CHANGELOG.md VERSION

A version that is not released yet has the date of the last commit.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

HEAD = re.compile(r"^## \[(?P<version>[^]]+)] - (?P<date>\S+)$")
MAINTAINER = re.search(r"^Maintainer: (.*)$", Path(__file__).with_name("control").read_text(), re.M).group(1)


def last_commit():
    seconds = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], check=True, capture_output=True, text=True
    ).stdout
    return datetime.fromtimestamp(int(seconds), UTC)


def main():
    source, newest = sys.argv[1:]
    for line in Path(source).read_text().splitlines():
        if not (head := HEAD.match(line)):
            continue
        version, date = head["version"], head["date"]
        moment = datetime.fromisoformat(date).replace(tzinfo=UTC) if date[0].isdigit() else last_commit()
        print(f"parley ({version}) unstable; urgency=medium\n")
        print("  * See CHANGELOG.md.\n")
        print(f" -- {MAINTAINER}  {format_datetime(moment)}\n")
        newest = None if version == newest else newest
    if newest:
        sys.exit(f"{source} does not know version {newest}")


main()
