"""The servers that Parley is compared with. Each is a context manager that yields a `Peer`."""

import contextlib
import os
import sys
import typing

from . import ROOT, WORK
from .debian import unpack
from .process import running

PEERS = ROOT / "Benchmarks" / "peers"


class Peer(typing.NamedTuple):
    name: str
    port: int
    pid: int
    # How the load tool talks to it.
    dialect: str


@contextlib.contextmanager
def _peer(name, dialect, command, **environment):
    with running(command, "port ", WORK / "peers.log", env={**os.environ, **environment}) as (process, port):
        yield Peer(name, int(port), process.pid, dialect)


def python_socketio(parley=None):
    """python-socketio on uvicorn. Given a Parley, it stores messages in its tables, through asyncpg."""
    database = f"postgresql://parley@/parley?host={parley.socket_directory}" if parley else ""
    return _peer("python-socketio", "socketio", [sys.executable, PEERS / "socketio_chat.py"], DATABASE=database)


def node_ws(parley=None):
    """Bare ws on node. Given a Parley, it stores messages in its tables, through node-pg."""
    database = f"{parley.socket_directory} parley parley" if parley else ""
    return _peer("ws", "json", ["node", PEERS / "ws_chat.js"], DATABASE=database, NODE_PATH=str(node_modules()))


def node_modules():
    """The directory of `ws` and `pg`."""
    return unpack("node", "node-ws", "node-pg", "node-split2", "node-xtend") / "usr" / "share" / "nodejs"


def broadcaster(way):
    """The broadcaster in C: the physical limit. `way` is `each` or `gather`."""
    return _peer(f"broadcaster, {way}", "raw", [WORK / "broadcast", way])


def token(person_id, *rooms):
    """The text that the peers accept as a log-in."""
    return f"{person_id}:{','.join(rooms)}"
