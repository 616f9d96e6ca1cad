"""People with accounts, and their devices."""

import threading
import time

import engineio
import socketio

from processes import PATIENCE

PASSWORD = "correct horse battery"


class Person:
    """A person with an account: their requests and sockets."""

    def __init__(self, server, username, password=PASSWORD, display_name=None):
        self.server = server
        self.username = username
        answer = server.request(
            "POST", "/auth/register",
            json={"username": username, "password": password, **({"displayName": display_name} if display_name else {})})
        assert answer.status_code == 201, answer.text
        self.session = answer.json()
        self.id = self.session["user"]["id"]
        self.token = self.session["accessToken"]

    @property
    def token(self):
        """The access token. It is good for a quarter of an hour, and on a busy machine the tests of a file take longer."""
        if time.monotonic() - self._since > 600:
            answer = self.server.request("POST", "/auth/refresh", json={"refreshToken": self.session["refreshToken"]})
            if answer.status_code == 200:
                self.session = answer.json()
                self.token = self.session["accessToken"]
        return self._token

    @token.setter
    def token(self, token):
        self._token, self._since = token, time.monotonic()

    def request(self, method, path, **options):
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.server.request(method, path, headers=headers, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def upload(self, content, name="file.bin"):
        """Uploads by multipart. Returns the upload."""
        answer = self.post("/upload", files={"file": (name, content)})
        assert answer.status_code == 201, answer.text
        return answer.json()["uploads"][0]

    def direct(self, other):
        """Opens the direct conversation with a person, who opens it as well: it is in the lists of both. Returns its id."""
        id = self.open_direct(other)
        other.open_direct(self)
        return id

    def open_direct(self, other):
        """Opens the direct conversation with a person, who does not see a new one before its first message."""
        answer = self.post("/conversations", json={"kind": "direct", "userId": other.id})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["id"]

    def group(self, *others, title="A group", **fields):
        answer = self.post(
            "/conversations", json={"kind": "group", "title": title, "memberIds": [o.id for o in others], **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def send(self, conversation, text="hello", **fields):
        answer = self.post("/messages", json={"conversationId": conversation, "text": text, **fields})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["message"]

    def connect(self, **options):
        return Device(self, **options)


class InOrder(engineio.Client):
    """Passes messages on one by one. Plain engineio starts a thread for each message, and these race."""

    def _trigger_event(self, event, *arguments, run_async=False, **options):
        return super()._trigger_event(event, *arguments, run_async=False, **options)


class Client(socketio.Client):
    """A Socket.IO client that calls its handlers in the order of the events. Handlers must not wait for the client."""

    def __init__(self, **options):
        # By default it gives up a request, and the handshake of a WebSocket, after five seconds.
        super().__init__(request_timeout=PATIENCE, **options)

    def _engineio_client_class(self):
        return InOrder


class Device:
    """A connected Socket.IO client that keeps its events in their order."""

    def __init__(self, person, token=None, transports=("websocket",), auth=None):
        self.person = person
        self.events = []
        self.changed = threading.Condition()
        self.client = Client(reconnection=False)
        self.client.on("*", self._take)
        self.client.on("disconnect", lambda *_: self._take("disconnect"))
        self.client.connect(
            person.server.url, auth={"token": token or person.token, **(auth or {})}, transports=list(transports),
            wait_timeout=PATIENCE)
        self.ready = self.wait_for("ready")

    def _take(self, event, *arguments):
        with self.changed:
            self.events.append((event, arguments[0] if arguments else None))
            self.changed.notify_all()

    def emit(self, event, payload):
        """Sends an event and returns its acknowledgement."""
        return self.client.call(event, payload, timeout=PATIENCE)

    def send(self, conversation, text="hello", **fields):
        answer = self.emit("message:send", {"conversationId": conversation, "text": text, **fields})
        assert answer["ok"], answer
        return answer["message"]

    def wait_for(self, event, matching=lambda payload: True, timeout=PATIENCE):
        """The payload of the first such event, waiting for it if necessary, as long as others come."""
        with self.changed:
            while True:
                for name, payload in self.events:
                    if name == event and matching(payload):
                        return payload
                came = self.changed.wait(timeout)
                assert came, f"no {event} within {timeout} s; came: {[name for name, _ in self.events]}"

    def all(self, event):
        with self.changed:
            return [payload for name, payload in self.events if name == event]

    def forget(self):
        with self.changed:
            self.events.clear()

    def close(self):
        self.client.disconnect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
