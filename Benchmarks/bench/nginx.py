"""nginx, the peer for transfers: a private instance that ends with the block."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from . import ROOT, WORK
from .debian import unpack
from .process import end, spawn

TEMPLATE = ROOT / "Benchmarks" / "peers" / "nginx.conf.in"


class Nginx:
    """`.port` takes PUT and serves without sendfile(2), `.sendfile_port` with it, both from `.files`; `.pid` is its one
    worker, which does all the work."""

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nginx-", dir=WORK))
        self.files = self.directory / "files"
        self.files.mkdir()
        self.port, self.sendfile_port = free_ports(2)
        settings = TEMPLATE.read_text()
        for name, value in {
            "USER": "user root;" if os.geteuid() == 0 else "", "DIRECTORY": self.directory, "PORT": self.port,
            "SENDFILE_PORT": self.sendfile_port,
        }.items():
            settings = settings.replace(f"@{name}@", str(value))
        (self.directory / "nginx.conf").write_text(settings)
        self.process = spawn(
            [program(), "-p", self.directory, "-e", "stderr", "-c", self.directory / "nginx.conf"],
            stderr=subprocess.PIPE, text=True)
        self.pid = self._worker()
        return self

    def _worker(self):
        """Waits for the log line about its worker. Its sockets are open by then."""
        said = ""
        for line in self.process.stderr:
            _, found, pid = line.partition("start worker process ")
            if found:
                return int(pid)
            said += line
        self.__exit__()
        raise RuntimeError(f"nginx did not start: {said}")

    def __exit__(self, *_):
        end(self.process)
        self.process.stderr.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def program():
    """The installed nginx or, without one, Debian's package, unpacked. Installing it would start a service."""
    installed = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    return installed or unpack("nginx", "nginx") / "usr/sbin/nginx"


def free_ports(count):
    """Ports of 127.0.0.1 that are free now."""
    with contextlib.ExitStack() as sockets:
        bound = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in bound:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in bound]
