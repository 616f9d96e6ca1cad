"""A WebSocket and HTTP client that can misbehave."""

import base64
import fcntl
import os
import random
import socket
import struct
import termios

from engine import PATIENCE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

# The same in every process, because tests are named by the frames that they send.
_masks = random.Random(6455)


def frame(opcode, payload=b"", *, fin=True, rsv=0, masked=True, length=None):
    """A client's frame, valid or not."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    size = len(payload) if length is None else length
    bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    key = _masks.randbytes(4)
    repeated = key * (len(payload) // 4 + 1)
    masked_payload = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[: len(payload)], "big")
    return head + key + masked_payload.to_bytes(len(payload), "big")


def upgrade_request(path, headers=()):
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Closed(Exception):
    """The server has closed the TCP connection."""


class Wire:
    """A TCP connection to the server."""

    def __init__(self, port, timeout=PATIENCE):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def is_read(self):
        """Whether the server has read everything that was sent (proc(5), /proc/net/tcp: addresses, state, queues)."""
        # On a busy machine, what was sent may not even have reached its queue (tcp(7), SIOCOUTQ).
        if struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4)))[0]:
            return False
        mine, server = self.socket.getsockname()[1], self.socket.getpeername()[1]
        for line in open("/proc/net/tcp").read().splitlines()[1:]:
            local, remote, state, queues = line.split()[1:5]
            if (int(local.split(":")[1], 16), int(remote.split(":")[1], 16), state) == (server, mine, "01"):
                return int(queues.split(":")[1], 16) == 0
        return False

    def is_ended(self):
        """Whether the server has ended the connection (tcp(7), TCP_INFO; 1 is ESTABLISHED)."""
        return self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _fill(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self._fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def response(self):
        """Reads one HTTP response: status, headers in lower case, body."""
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        code = int(status.split()[1])
        body = b"" if code == 101 else self.take(int(headers.get("content-length", 0)))
        return code, headers, body

    def frame(self):
        """Reads one frame: opcode, payload, whether RSV1 is set."""
        first, second = self.take(2)
        assert second & 0x80 == 0, "a server must not mask"
        assert first & 0x80, "this server does not fragment"
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.take(8))
        return first & 0x0F, self.take(size), bool(first & 0x40)

    def expect(self, opcode, payload):
        assert self.frame()[:2] == (opcode, payload)

    def expect_close(self, code):
        opcode, payload, _ = self.frame()
        assert opcode == CLOSE, (opcode, payload[:40])
        assert struct.unpack("!H", payload[:2])[0] == code
        self.expect_end()

    def expect_end(self):
        """The server closes the connection after the closing handshake."""
        try:
            self.send(frame(CLOSE, struct.pack("!H", 1000)))
        except OSError:
            return
        try:
            while True:
                self.take(1)
        except Closed:
            pass


def open_websocket(port, path, headers=()):
    wire = Wire(port)
    wire.send(upgrade_request(path, headers))
    code, response_headers, _ = wire.response()
    assert code == 101, code
    wire.headers = response_headers
    return wire
