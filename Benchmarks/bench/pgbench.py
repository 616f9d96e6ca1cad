"""The cost of a commit on this machine's PostgreSQL and disk: pgbench stores the rows of one message."""

import glob
import pathlib
import statistics
import subprocess
import tempfile

from . import WORK
from .account import Account
from .process import end, spawn

# One statement is one round trip: the least a client of PostgreSQL can do. Each client has a conversation of its own.
SCRIPT = """
WITH c AS (
    UPDATE conversations SET last_seq = last_seq + 1, revision = revision + 1, updated_at = now(), active_at = now()
    WHERE id = ('{first}' || lpad(to_hex(:client_id::int), 4, '0'))::uuid RETURNING id, last_seq, revision
)
INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text)
SELECT gen_random_uuid(), id, '{sender}', last_seq, revision, 'the quick brown fox jumps over the lazy dog and is gone'
FROM c;
"""


def commits(parley, conversations, sender, seconds):
    """Stores messages in Parley's tables, one client for each of `conversations` (made together, so that their ids
    follow each other from one that ends in 0000); commits a second, latencies and PostgreSQL's CPU for each."""
    if not conversations[0].endswith("0000"):
        raise ValueError("the first conversation's id does not end in 0000")
    program = sorted(glob.glob("/usr/lib/postgresql/*/bin/pgbench"))[-1]
    with tempfile.TemporaryDirectory(dir=WORK, prefix="pgbench-") as directory:
        script = pathlib.Path(directory, "script.sql")
        script.write_text(" ".join(SCRIPT.split()).format(first=conversations[0][:-4], sender=sender))
        command = [
            program, "-n", "-M", "prepared", "-c", len(conversations), "-T", seconds, "-f", script, "-l",
            "-h", parley.socket_directory, "-U", "parley", "parley"]
        with Account(parley.pid, parley.postgres_pid) as account:
            process = spawn(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                _, complaint = process.communicate(timeout=seconds + 60)
            finally:
                end(process)
        if process.returncode:
            raise RuntimeError(complaint.split("\n")[0])
        times = [int(line.split()[2]) for log in pathlib.Path(directory).glob("pgbench_log.*")
                 for line in log.read_text().splitlines()]
    percentiles = statistics.quantiles(times, n=100)
    return {
        "messages": len(times), "messages_per_s": len(times) / account.seconds,
        "message_database_us": account.database_cpu_seconds / len(times) * 1e6,
        "ack_p50_us": percentiles[49], "ack_p90_us": percentiles[89], "ack_p99_us": percentiles[98],
    }
