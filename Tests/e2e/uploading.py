"""What the tests of uploads share."""

import hashlib
import socket


def digest(content):
    return hashlib.sha256(content).hexdigest()


def temporaries(server):
    return list((server.storage / "uploads" / "tmp").iterdir())


def raw(server, text, *parts, wait=True):
    """Sends a request as it is written here; what comes back until the server closes, or pauses."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(text.encode().replace(b"\n", b"\r\n"))
        for part in parts:
            connection.sendall(part)
        return connection.recv(65536).decode() if wait else ""
