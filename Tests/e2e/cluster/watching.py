"""A device that keeps what a client keeps, comes back when it is cut, and checks everything it is told."""

import itertools
import json
import random
import threading
import time

import websocket

_numbers = itertools.count(1)


class Known:
    """What a device knows of a conversation: every change past `base`, up to `revision`."""

    def __init__(self, base):
        self.base = self.revision = base
        self.messages = {}

    def take(self, message):
        own = self.messages.get(message["id"])
        if not own or own["revision"] < message["revision"]:
            self.messages[message["id"]] = message


class Watcher(threading.Thread):
    """One device. `problems` has what must never happen; `connections` counts how often it came."""

    def __init__(self, person, url):
        super().__init__(daemon=True)
        self.person = person
        self.url = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
        self.known = {}
        self.problems = []
        self.connections = 0
        self.node = None
        self.last = "new"
        self.syncs = self.packets = 0
        self.heard = 0
        """What it does."""
        self.is_settled = False
        """Whether it is connected and has caught up."""
        self._ends = threading.Event()
        self._connection = None
        self._cursor = None
        self.start()

    @property
    def state(self):
        """For the message of a test that fails."""
        return f"{self.person.username} at {self.node}: {self.connections} connections, {self.last}, {self.packets} packets, the last {time.monotonic() - self.heard:.1f} s ago"

    def stop(self):
        self._ends.set()
        if self._connection:
            self._connection.close()
        self.join(10)

    def run(self):
        while not self._ends.is_set():
            try:
                self._connect()
                while not self._ends.is_set():
                    self._read(self._connection.recv())
            except (OSError, websocket.WebSocketException, json.JSONDecodeError) as error:
                self.last = f"ended by {error!r}"
            self.is_settled = False
            self._ends.wait(random.uniform(0.05, 0.3))

    def _connect(self):
        self.last = "connects"
        self._connection = websocket.create_connection(self.url, timeout=60)
        self.node = json.loads(self._connection.recv()[1:])["sid"].split("-")[0]
        # What this connection was told.
        self._versions, self._last, self._removed = {}, {}, {}
        # Until the answer of `sync`, a revision that is told does not say that nothing before it was missed.
        self._reached = {}
        # Nor is it known then whether it belongs to a conversation that the answer brings.
        self._early = []
        self._asked = None
        self._created = set()
        self.last = "awaits ready"
        self._connection.send("40" + json.dumps({"token": self.person.token}))

    def _read(self, packet):
        if not packet:
            raise websocket.WebSocketConnectionClosedException("closed")
        self.packets += 1
        self.heard = time.monotonic()
        if packet == "2":
            self._connection.send("3")
        elif packet.startswith("42"):
            event, *payload = json.loads(packet[2:])
            handler = getattr(self, "_" + event.replace(":", "_"), None)
            if handler:
                handler(*payload)
        elif packet.startswith("43"):
            number, _, answer = packet[2:].partition("[")
            if int(number) == self._asked:
                self._synced(json.loads("[" + answer)[0])
        elif packet.startswith("44"):
            raise websocket.WebSocketConnectionClosedException(packet)

    def _problem(self, what):
        self.problems.append(f"{self.person.username} at {self.node}: {what}")

    # Catching up

    def _ready(self, payload):
        self.connections += 1
        self._cursor = self._cursor or payload["cursor"]
        self._sync()

    def _sync(self):
        self.syncs += 1
        self.last = f"awaits the answer of sync {self.syncs}, asked {time.monotonic():.1f}"
        self._created = set()
        self._asked = next(_numbers)
        known = {id: known.revision for id, known in self.known.items()}
        self._connection.send(f"42{self._asked}" + json.dumps(["sync", {"known": known, "cursor": self._cursor}]))

    def _synced(self, answer):
        if not answer["ok"]:
            raise websocket.WebSocketConnectionClosedException(str(answer))
        self._cursor = answer["cursor"]
        # What was told meanwhile may be newer than the answer.
        for id in answer["removed"]:
            if id not in self._created:
                self.known.pop(id, None)
        for changes in answer["conversations"]:
            if self._removed.get(changes["id"], -1) >= changes["revision"]:
                continue
            known = self.known.get(changes["id"])
            if not known:
                # Of older messages it knows nothing; of those that come here, everything.
                known = self.known[changes["id"]] = Known(changes["revision"])
            known.revision = max(known.revision, changes["revision"])
            for message in changes["messages"]:
                known.take(message)
        for message in self._early:
            if message["conversationId"] in self.known:
                self.known[message["conversationId"]].take(message)
        if self._created & set(answer["removed"]):
            return self._sync()
        if any(changes["more"] and changes["id"] in self.known and self.known[changes["id"]].base < changes["revision"]
               for changes in answer["conversations"]):
            return self._sync()
        for id, revision in self._reached.items():
            if id in self.known:
                self.known[id].revision = max(self.known[id].revision, revision)
        self._asked = None
        self.is_settled = True

    def _reach(self, id, revision):
        if self._asked:
            self._reached[id] = max(revision, self._reached.get(id, 0))
        elif id in self.known:
            self.known[id].revision = max(revision, self.known[id].revision)

    # Live events

    def _told(self, message):
        id, revision = message["conversationId"], message["revision"]
        if id in self._removed and revision > self._removed[id]:
            self._problem(f"leak of {message['id']} {revision} after the removal at {self._removed[id]}")
        if self._versions.get(message["id"], 0) >= revision:
            self._problem(f"{message['id']} {revision} after {self._versions[message['id']]}")
        self._versions[message["id"]] = revision
        if id in self.known:
            self.known[id].take(message)
        elif self._asked:
            self._early.append(message)
        else:
            self._problem(f"a message of an unknown conversation {id} {revision}")
        self._reach(id, revision)

    def _message_received(self, message):
        id = message["conversationId"]
        if message["id"] in self._versions:
            self._problem(f"{message['id']} received twice")
        if message["seq"] <= self._last.get(id, 0):
            self._problem(f"seq {message['seq']} after {self._last[id]} in {id}")
        self._last[id] = max(message["seq"], self._last.get(id, 0))
        self._told(message)

    def _message_updated(self, message):
        self._told(message)

    _message_deleted = _message_updated

    def _conversation_created(self, view):
        self._removed.pop(view["id"], None)
        self._created.add(view["id"])
        if view["id"] not in self.known:
            self.known[view["id"]] = Known(view["revision"])
        self._reach(view["id"], view["revision"])

    def _conversation_updated(self, view):
        self._reach(view["id"], view["revision"])

    def _conversation_removed(self, removal):
        self._removed[removal["id"]] = removal["revision"]
        self.known.pop(removal["id"], None)

    def _member_joined(self, change):
        self._reach(change["conversationId"], change["revision"])

    _member_left = _member_updated = _member_joined

    # At rest

    def differences(self, shown, messages):
        """What is wrong with what it knows.

        `shown`: the ids of the person's conversations. `messages`: by conversation, (id, revision, text, is deleted).
        """
        wrong = []
        if set(self.known) != shown:
            wrong.append(f"conversations: lacks {shown - set(self.known)}, has {set(self.known) - shown}")
        for id in shown & set(self.known):
            known = self.known[id]
            for message, revision, text, _deleted in messages.get(id, []):
                own = known.messages.get(message)
                if not own:
                    if revision > known.base:
                        wrong.append(f"lacks message {message} {revision} of {id}, known from {known.base}")
                elif own["revision"] != revision or own["text"] != text:
                    wrong.append(f"has {message} at {own['revision']} in place of {revision}")
        return wrong

    def check(self):
        assert not self.problems, self.problems[:5]


def settled(watchers):
    return all(watcher.is_settled for watcher in watchers)


def wait(seconds):
    """For a fault to last. Nothing depends on how long it is exactly."""
    time.sleep(seconds)
