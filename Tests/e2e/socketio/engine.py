"""Helpers that the tests of Engine.IO share."""

import json

import pytest
import requests
import websocket

PATIENCE = 300
"""Seconds after which an expected event counts as hung: never a bound on the server's speed."""
PING_INTERVAL, PING_TIMEOUT = 0.3, 0.2
"""The intervals of the server `hasty`, in seconds."""


class Client:
    """One Engine.IO path of the server."""

    def __init__(self, server, path="/engine.io/"):
        self.port, self.path = server.port, path
        self.url, self.ws_url = server.http + path, server.ws + path

    def get(self, **query):
        return requests.get(self.url, params={"EIO": 4, "transport": "polling", **query}, timeout=PATIENCE)

    def post(self, body, **query):
        return requests.post(
            self.url, params={"EIO": 4, "transport": "polling", **query}, data=body, timeout=PATIENCE
        )

    def handshake(self):
        return json.loads(self.get().text[1:])["sid"]

    def connect(self, **query):
        text = "&".join(f"{name}={value}" for name, value in {"EIO": 4, "transport": "websocket", **query}.items())
        return websocket.create_connection(f"{self.ws_url}?{text}", timeout=PATIENCE)


def receive(ws):
    """The next packet other than a ping."""
    while (data := ws.recv()) == "2":
        ws.send("3")
    return data


def assert_closes(ws):
    with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
        while ws.recv() != "":
            pass
        raise websocket.WebSocketConnectionClosedException
