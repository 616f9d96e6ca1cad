"""Helpers that the tests of uploads share."""

import hashlib
import os
import socket

from processes import PATIENCE

HEAD = b"\x01\x02 noise \x03\x04"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def noise(size):
    """A file of random bytes that is of no kind. One in a hundred purely random files looks like a program, film or sound."""
    head = HEAD[:size // 2]
    return head + os.urandom(size - len(head))


def temporaries(server):
    return list((server.storage / "uploads" / "tmp").iterdir())


def raw(server, text, *parts, wait=True):
    """Sends a raw request. Returns what comes back until the server closes the connection or pauses."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(text.encode().replace(b"\n", b"\r\n"))
        for part in parts:
            connection.sendall(part)
        return connection.recv(65536).decode() if wait else ""
