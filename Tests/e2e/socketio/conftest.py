"""Starts socketio-echo once for all tests of this directory.

PARLEY_BIN_DIR says where the built programs are (default: .build/debug).
"""

import os
import pathlib
import re
import select
import subprocess
import time

import pytest

from engine import PATIENCE, Client

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Server:
    """A running socketio-echo, which the test ends by its process id."""

    def __init__(self, *arguments):
        directory = pathlib.Path(os.environ.get("PARLEY_BIN_DIR", ROOT / ".build" / "debug"))
        self.process = subprocess.Popen(
            [directory / "socketio-echo", "--port", "0", *arguments], stderr=subprocess.PIPE, text=True
        )
        self.port = self._read_port()
        self.http = f"http://127.0.0.1:{self.port}"
        self.ws = f"ws://127.0.0.1:{self.port}"

    def _read_port(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.process.stderr], [], [], deadline - time.monotonic())
            line = self.process.stderr.readline() if ready else ""
            if not line and self.process.poll() is not None:
                break
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                return int(found.group(1))
        self.stop()
        raise RuntimeError("socketio-echo did not start")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def shared(*arguments):
    server = Server(*arguments)
    yield server
    assert server.process.poll() is None, "socketio-echo died during the tests"
    server.stop()


@pytest.fixture(scope="session")
def server():
    """Sends pings often, and waits for pongs longer than the busiest machine takes."""
    yield from shared("--ping-timeout", "60000", "--connect-timeout", "60000")


@pytest.fixture(scope="session")
def quiet():
    """Sends no ping during a test."""
    yield from shared("--ping-interval", "60000", "--connect-timeout", "60000")


@pytest.fixture(scope="session")
def hasty():
    """Ends sessions without a pong after half a second."""
    yield from shared("--connect-timeout", "60000")


@pytest.fixture
def make_server():
    """Starts a server with other options, which ends after the test."""
    servers = []

    def make(*arguments):
        servers.append(Server(*arguments))
        return servers[-1]

    yield make
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(params=["/engine.io/", "/socket.io/"])
def client(server, request):
    return Client(server, request.param)


@pytest.fixture(params=["/engine.io/", "/socket.io/"])
def quiet_client(quiet, request):
    return Client(quiet, request.param)


@pytest.fixture
def echo(server):
    return Client(server)


@pytest.fixture
def quiet_echo(quiet):
    return Client(quiet)
