"""Claims 9 and 15: several devices act at random as people do, and lose their connections. After `sync` each knows
what SQL knows. PARLEY_SEED makes it another run, PARLEY_STEPS a longer one.
"""

import os
import random

from parley import Device

SEED = int(os.environ.get("PARLEY_SEED", "1"))
STEPS = int(os.environ.get("PARLEY_STEPS", "200"))
EMOJI = ("\N{THUMBS UP SIGN}", "\N{PARTY POPPER}")


class Replica:
    """A client that keeps state as docs/EVENTS.md advises: of a message the higher revision counts, and only `sync` raises
    `known`."""

    def __init__(self, person):
        self.person = person
        self.device = None
        self.known = {}
        self.messages = {}
        self.conversations = {}

    def connect(self):
        self.device = Device(self.person)
        self.sync()

    def disconnect(self):
        """Keeps the events that came over this connection; others are lost to it."""
        self.absorb()
        self.device.close()
        self.device = None

    def apply(self, message):
        mine = self.messages.setdefault(message["conversationId"], {})
        known = mine.get(message["id"])
        if known is None or message["revision"] >= known["revision"]:
            mine[message["id"]] = message

    def absorb(self):
        for event, payload in list(self.device.events):
            if event in ("message:received", "message:updated", "message:deleted"):
                self.apply(payload)
            elif event == "conversation:removed":
                self.forget(payload["id"])
        self.device.forget()

    def forget(self, conversation):
        for table in (self.known, self.messages, self.conversations):
            table.pop(conversation, None)

    def sync(self):
        self.absorb()
        for _ in range(100):
            answer = self.device.emit("sync", {"known": self.known})
            assert answer["ok"], answer
            for gone in answer["removed"]:
                self.forget(gone)
            for changes in answer["conversations"]:
                id, new = changes["id"], changes["id"] not in self.known
                for message in changes["messages"]:
                    self.apply(message)
                if changes["more"] and new and changes["messages"]:
                    self.fetch_older(id, changes["messages"][0]["seq"])
                if "conversation" in changes:
                    self.conversations[id] = changes["conversation"]
                    self.known[id] = changes["revision"]
            if not answer["conversations"]:
                return
        raise AssertionError("sync does not end")

    def fetch_older(self, conversation, before):
        while before > 1:
            page = self.person.get(f"/messages?conversationId={conversation}&before={before}&limit=200").json()
            for message in page["messages"]:
                self.apply(message)
            before = page["messages"][0]["seq"]


def reactions(message):
    return {(r["emoji"], user) for r in message["reactions"] for user in r["userIds"]}


def check(server, replica):
    me = replica.person.id
    mine = {str(row[0]): row[1:] for row in server.sql(
        """SELECT c.id, c.revision, c.title, (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id
               AND m.seq > me.read_seq AND m.sender_id <> me.user_id AND m.deleted_at IS NULL)
           FROM members me JOIN conversations c ON c.id = me.conversation_id WHERE me.user_id = %s""", me)}
    assert set(replica.known) == set(mine)
    for id, (revision, title, unread) in mine.items():
        assert replica.known[id] == revision and replica.conversations[id].get("title") == title
        shown = replica.person.get(f"/conversations/{id}").json()
        assert shown["unreadCount"] == unread >= 0
        stored = server.sql(
            "SELECT id::text, seq, revision, text, deleted_at IS NOT NULL FROM messages WHERE conversation_id = %s", id)
        told = [(m["id"], m["seq"], m["revision"], m["text"], "deletedAt" in m) for m in replica.messages.get(id, {}).values()]
        assert sorted(told) == sorted(stored)
        assert {(m["id"], *r) for m in replica.messages.get(id, {}).values() for r in reactions(m)} == set(server.sql(
            """SELECT r.message_id::text, r.emoji, r.user_id::text FROM reactions r
               JOIN messages m ON m.id = r.message_id WHERE m.conversation_id = %s""", id))
        marks = dict(server.sql("SELECT user_id::text, read_seq FROM members WHERE conversation_id = %s", id))
        for message in replica.person.get(f"/messages?conversationId={id}&limit=200").json()["messages"]:
            others = [mark for user, mark in marks.items() if user != message["sender"]["id"]]
            assert (message["status"] == "read") == (bool(others) and min(others) >= message["seq"])


def test_after_sync_every_device_knows_what_sql_knows(server):
    chance = random.Random(SEED)
    print(f"PARLEY_SEED={SEED}")
    people = server.people("ann", "ben", "cat")
    ann, ben, cat = people
    rooms = [ann.direct(ben), ann.group(ben, cat, title="Three"), ann.group(ben, title="Two", visibility="public")]
    replicas = [Replica(person) for person in (ann, ann, ben, cat)]
    sent = []

    def act(replica):
        person = replica.person
        room = chance.choice(rooms)
        message = chance.choice(sent) if sent else None
        kind = chance.choices(
            ["send", "edit", "delete", "react", "unreact", "read", "membership", "title", "disconnect", "kill"],
            [40, 8, 5, 10, 4, 10, 4, 2, 8, 3])[0]
        if kind == "send":
            answer = replica.device.emit("message:send", {"conversationId": room, "text": f"text {chance.random()}"})
            if answer["ok"]:
                sent.append(answer["message"]["id"])
                replica.apply(answer["message"])
        elif kind == "membership":
            path = f"/conversations/{rooms[2]}"
            if person is cat:
                cat.post(f"{path}/{chance.choice(['join', 'leave'])}")
            else:
                ann.request("DELETE", f"{path}/members/{cat.id}")
        elif kind == "title":
            person.request("PATCH", f"/conversations/{rooms[1]}", json={"title": f"Title {chance.randrange(100)}"})
        elif kind == "disconnect":
            replica.disconnect()
        elif kind == "kill":
            # Without a goodbye, and without the events in transit.
            replica.device.client.eio.ws.sock.close()
            replica.absorb()
            replica.device = None
        elif kind == "read":
            replica.device.emit("message:read", {"conversationId": room, "seq": chance.randrange(60)})
        elif message:
            if kind == "edit":
                person.request("PATCH", f"/messages/{message}", json={"text": f"edited {chance.random()}"})
            elif kind == "delete":
                replica.device.emit("message:delete", {"messageId": message})
            else:
                replica.device.emit("message:react", {
                    "messageId": message, "emoji": chance.choice(EMOJI), "add": kind == "react"})

    for _step in range(STEPS):
        replica = chance.choice(replicas)
        if replica.device is None:
            if chance.random() < 0.4:
                replica.connect()
        else:
            act(replica)
    assert len(sent) > STEPS / 10
    try:
        for replica in replicas:
            if replica.device is None:
                replica.connect()
            replica.sync()
            check(server, replica)
    finally:
        for replica in replicas:
            if replica.device:
                replica.device.close()
