"""The PostgreSQL of the tests."""

import glob
import itertools
import os
import shutil
import signal
import subprocess
import tempfile

import psycopg

import statements
from processes import PARLEY, PATIENCE, ROOT, is_alive, unprivileged, until

_numbers = itertools.count(1)


class Postgres:
    """A PostgreSQL in a temporary directory, reachable over its Unix socket only."""

    def __init__(self, fsync=False):
        self.directory = tempfile.mkdtemp(prefix="parley-test-")
        self.fsync = fsync
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.prefix, account = unprivileged()
        if account:
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            # For root of a user namespace, who is nobody here.
            os.chmod(self.directory, 0o711)
        self.process = None

    def __enter__(self):
        subprocess.run(
            [*self.prefix, f"{self.programs}/initdb", "-D", f"{self.directory}/data", "-U", "parley", "-A", "trust",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.start()
        with self.connect("postgres") as connection:
            connection.execute("CREATE DATABASE template_parley")
        subprocess.run(
            [PARLEY, "migrate"], check=True, cwd=ROOT, stderr=subprocess.DEVNULL,
            env={**os.environ, "DATABASE_URL": self.url("template_parley"), "LOG_LEVEL": "error"})
        return self

    def start(self):
        fsync = "on" if self.fsync else "off"
        # What `statements` reads.
        logging = ["logging_collector=on", "log_destination=jsonlog", "log_statement=all"]
        options = [part for option in logging if statements.RECORDS for part in ("-c", option)]
        self.process = subprocess.Popen(
            [*self.prefix, f"{self.programs}/postgres", "-D", f"{self.directory}/data", "-k", self.directory,
             "-c", "listen_addresses=", "-c", f"fsync={fsync}", "-c", "max_connections=300", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        until(lambda: self._answers(), "PostgreSQL to answer")

    def _answers(self):
        try:
            self.connect("postgres").close()
            return True
        except psycopg.OperationalError:
            return False

    def kill(self):
        """Kills it as a power failure would."""
        # Stopped first, so it starts no child that outlives it and blocks the next start.
        self.process.send_signal(signal.SIGSTOP)
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        self.process.kill()
        for pid in children:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        # While one of them runs, its shared memory blocks the next start.
        until(lambda: not any(is_alive(pid) for pid in children), "PostgreSQL's processes to end", interval=0.002)

    def url(self, database):
        return f"host={self.directory} user=parley dbname={database}"

    def connect(self, database):
        return psycopg.connect(self.url(database), autocommit=True)

    def clone(self):
        """Makes a migrated, empty database. Returns its connection string."""
        name = f"test{next(_numbers)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template_parley")
        return self.url(name)

    def drop(self, url):
        """Drops a database that nobody needs any more. Most of its pages are never written to the disk then."""
        with self.connect("postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rsplit('=', 1)[1]} WITH (FORCE)")

    def __exit__(self, *_):
        if self.process.poll() is None:
            # At once, without a checkpoint: nothing is kept.
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=PATIENCE)
        if statements.RECORDS:
            statements.record(statements.sent(f"{self.directory}/data/log"))
        shutil.rmtree(self.directory, ignore_errors=True)
