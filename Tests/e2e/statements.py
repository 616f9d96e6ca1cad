"""What servers send: SQL, as PostgreSQL's log has it, and what they tell each other over PostgreSQL.

With PARLEY_RECORD_STATEMENTS=FILE, the tests of that run add it to the file, a line for each: a JSON string is a statement, and
a JSON object is a frame.
"""

import fcntl
import glob
import json
import os
import re
import threading

import psycopg

RECORDS = os.environ.get("PARLEY_RECORD_STATEMENTS")
APPLICATIONS = {"parley", "parley bus"}
KINDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "MERGE")
"""What PREPARE takes."""


def sent(directory):
    """What the servers sent, by a log in JSON."""
    for file in glob.glob(f"{directory}/*.json"):
        with open(file, errors="replace") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    # The last line of a server that was killed.
                    continue
                if entry.get("application_name") not in APPLICATIONS:
                    continue
                found = re.match(r"(?:statement|execute [^:]+): *(.*)", entry.get("message", ""), re.DOTALL)
                if found and found[1].lstrip().upper().startswith(KINDS):
                    yield found[1].strip()


def record(found):
    """Adds what the file does not have."""
    with open(RECORDS, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = set(file.read().splitlines())
        for line in sorted({json.dumps(one) for one in found} - known):
            file.write(line + "\n")


class Eavesdropper(threading.Thread):
    """Hears what the servers of a database tell each other."""

    def __init__(self, database):
        super().__init__(daemon=True)
        self.connection = psycopg.connect(database, autocommit=True)
        self.connection.execute("LISTEN parley_bus")
        self.frames = []
        self.start()

    def run(self):
        try:
            for notification in self.connection.notifies():
                self.frames.append({"frame": notification.payload})
        except psycopg.Error:
            return

    def stop(self):
        self.connection.cancel()
        self.connection.close()
        record(self.frames)
