"""Several servers on one PostgreSQL, and the Redis that may carry their events. All end with the block."""

import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import ROOT, WORK
from .account import cpu_seconds, tree_cpu_seconds
from .nginx import free_ports
from .process import end, read_line, spawn, wait_until_quiet
from .stack import BINARIES, Parley


class Cluster(Parley):
    """A PostgreSQL and as many servers as `start` says. `.port` and `.pid` are those of all servers, in the form that the load
    tool takes: people connect to them in turn."""

    def __init__(self, **settings):
        super().__init__(
            SHARED_STORAGE="on", DRAIN_SECONDS="0", EVENT_LOOPS="1", PASSWORD_THREADS="1", MEDIA_WORKERS="1", **settings)
        self.servers = []
        self.postgres = None

    def _start(self):
        programs = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
        # Not below WORK: PostgreSQL's account may not enter it, and the path of a socket has to be short.
        self.socket_directory = tempfile.mkdtemp(prefix="parley-bench-")
        account = []
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            entry = pwd.getpwnam("postgres")
            os.chown(self.socket_directory, entry.pw_uid, entry.pw_gid)
            account = [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
        data = f"{self.socket_directory}/data"
        subprocess.run(
            [*(["setpriv", *account] if account else []), f"{programs}/initdb", "-D", data, "-U", "parley", "-A", "trust",
             "-E", "UTF8", "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        with open(WORK / "postgres.log", "ab") as log:
            self.postgres = spawn(
                [f"{programs}/postgres", "-D", data, "-k", self.socket_directory, "-c", "listen_addresses=",
                 "-c", "max_connections=200"], account, stdout=log, stderr=log, cwd="/")
        self.postgres_pid = self.postgres.pid
        until(lambda: subprocess.run(
            [f"{programs}/pg_isready", "-q", "-h", self.socket_directory, "-d", "postgres"], check=False).returncode == 0,
            self.postgres, "PostgreSQL")
        subprocess.run([f"{programs}/createdb", "-h", self.socket_directory, "-U", "parley", "parley"], check=True, cwd="/")
        (self.storage / "uploads").mkdir()
        self.start(1)

    def start(self, count, **settings):
        """Ends the servers and starts `count` new ones, with fresh memory. They know each other when this returns."""
        self._end_servers()
        ports = []
        for number in range(1, count + 1):
            storage = self.storage / f"server{number}"
            storage.mkdir(exist_ok=True)
            uploads = storage / "uploads"
            if not uploads.is_symlink():
                uploads.symlink_to(self.storage / "uploads")
            environment = {**os.environ, **self.settings, **settings, "STORAGE_DIR": str(storage), "NODE_NUMBER": str(number),
                           "DATABASE_URL": self.connection_string()}
            with open(WORK / "parley.log", "ab") as log:
                server = spawn([BINARIES / "parley", "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log,
                               text=True)
            self.servers.append(server)
            line = read_line(server.stdout, timeout=60)
            if not line.startswith("Parley is at "):
                raise RuntimeError(f"server {number} did not start; see {WORK}/parley.log")
            ports.append(line.rsplit(":", 1)[1])
        self.port = ",".join(ports)
        self.pid = ",".join(str(server.pid) for server in self.servers)
        until(lambda: self.sql("SELECT count(*) FROM nodes")[0][0] == count, self.servers[0], f"a cluster of {count}")
        self.rest()

    def rest(self):
        wait_until_quiet([server.pid for server in self.servers], cpu_seconds)
        self.confirm_everything()
        wait_until_quiet([self.postgres_pid], tree_cpu_seconds)

    def _end_servers(self):
        # All at once: one that has no others left closes its sockets at once.
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            end(server)
        self.servers = []

    def __exit__(self, *_):
        self._end_servers()
        if self.postgres:
            # Its fast shutdown. At SIGTERM it would wait for its clients.
            self.postgres.send_signal(signal.SIGINT)
            end(self.postgres)
            shutil.rmtree(self.socket_directory, ignore_errors=True)
        super().__exit__()


@contextlib.contextmanager
def redis():
    """A Redis that keeps nothing; yields its URL and process id."""
    port, = free_ports(1)
    with open(WORK / "redis.log", "ab") as log, tempfile.TemporaryDirectory(prefix="redis-", dir=WORK) as directory:
        process = spawn(
            ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=log, stderr=log, cwd=pathlib.Path(directory))
        try:
            until(lambda: is_listening(port), process, "Redis")
            yield f"redis://127.0.0.1:{port}/0", process.pid
        finally:
            end(process)


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition, process, what):
    """Waits for something that a process does."""
    for _ in range(600):
        if condition():
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"{what} did not start; see {WORK}")
