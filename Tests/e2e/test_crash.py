"""Claims 1 and 2: acknowledged messages are stored, whatever is killed, and when.

PARLEY_CRASHES says how often (default 20 each); PARLEY_SEED repeats a run.
"""

import os
import queue
import random
import threading

import pytest

from parley import PATIENCE, Client, Postgres, Server, until

CRASHES = int(os.environ.get("PARLEY_CRASHES", "20"))
SEED = int(os.environ.get("PARLEY_SEED", str(random.randrange(1 << 30))))


class Sender:
    """Sends messages into a conversation without pause, and remembers the acknowledged ones."""

    def __init__(self, person, conversation, name):
        self.person, self.conversation, self.name = person, conversation, name
        self.acknowledged = {}
        self.refused = set()
        self.number = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.stopped.is_set():
            client = Client(reconnection=False)
            try:
                client.connect(self.person.server.url, auth={"token": self.person.token},
                               transports=["websocket"], wait_timeout=PATIENCE)
                while client.connected and not self.stopped.is_set():
                    # Five at a time, so commits and kills meet batches.
                    answers = queue.Queue()
                    for _ in range(5):
                        self.number += 1
                        client_id = f"{self.name}-{self.number}"
                        client.emit(
                            "message:send",
                            {"conversationId": self.conversation, "text": client_id, "clientId": client_id},
                            callback=lambda answer, c=client_id, q=answers: q.put((c, answer)))
                    self._take(client, answers, 5)
            except Exception:
                self.stopped.wait(0.02)  # the server is away
            finally:
                client.disconnect()

    def _take(self, client, answers, count):
        while count > 0 and client.connected:
            try:
                client_id, answer = answers.get(timeout=0.05)
            except queue.Empty:
                continue
            count -= 1
            if answer["ok"]:
                self.acknowledged[client_id] = answer["message"]["seq"]
            else:
                self.refused.add(answer["error"]["code"])
                self.stopped.wait(0.01)  # as a client that is told to come later

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join(timeout=PATIENCE)


def check(server, senders):
    stored = server.sql("SELECT conversation_id::text, seq, revision, client_id FROM messages ORDER BY 1, 2")
    by_client_id = {row[3]: row[1] for row in stored}
    assert len(by_client_id) == len(stored), "nothing is stored twice"
    for sender in senders:
        # A copy: messages acknowledged during this check belong to the next one.
        lost = {c: s for c, s in sender.checked.items() if by_client_id.get(c) != s}
        assert not lost, f"acknowledged and not stored so: {lost} (seed {SEED})"
    for conversation in {row[0] for row in stored}:
        seqs = [row[1] for row in stored if row[0] == conversation]
        assert seqs == list(range(1, len(seqs) + 1)), f"a hole in {conversation} (seed {SEED})"
        revisions = [row[2] for row in stored if row[0] == conversation]
        assert revisions == sorted(set(revisions))
    return stored


def wait_for_messages(senders, count):
    """Waits until that many more messages have been acknowledged."""
    def acknowledged():
        return sum(len(sender.acknowledged) for sender in senders)

    wanted = acknowledged() + count
    until(lambda: acknowledged() >= wanted, "messages to be acknowledged")


def snapshot(senders):
    for sender in senders:
        sender.checked = dict(sender.acknowledged)


@pytest.fixture
def load():
    """A server on a PostgreSQL that writes to the disk, and people who send into two conversations without pause."""
    with Postgres(fsync=True) as postgres, Server(database=postgres.clone()) as server:
        people = server.people("ann", "ben", "cat")
        conversations = [people[0].group(*people[1:]), people[0].direct(people[1])]
        senders = [
            Sender(people[0], conversations[0], "a0"), Sender(people[1], conversations[0], "b0"),
            Sender(people[2], conversations[0], "c0"), Sender(people[1], conversations[1], "b1")]
        yield postgres, server, senders, people, random.Random(SEED)
        print(server.log)


def test_the_server_killed_at_random_moments(load):
    _, server, senders, _, chance = load
    acknowledged = 0
    for sender in senders:
        sender.__enter__()
    try:
        for _ in range(CRASHES):
            wait_for_messages(senders, chance.randrange(40))
            server.kill()
            server.restart()
            snapshot(senders)
            check(server, senders)
        acknowledged = sum(len(sender.acknowledged) for sender in senders)
    finally:
        for sender in senders:
            sender.__exit__()
    snapshot(senders)
    check(server, senders)
    assert acknowledged > CRASHES
    assert server.sql("SELECT last_seq FROM conversations ORDER BY last_seq") == server.sql(
        "SELECT count(*) FROM messages GROUP BY conversation_id ORDER BY 1")


def test_postgresql_killed_at_random_moments(load):
    postgres, server, senders, people, chance = load
    senders = senders[1:3]
    reader = people[0].connect()
    for sender in senders:
        sender.__enter__()
    try:
        for _ in range(CRASHES):
            wait_for_messages(senders, chance.randrange(40))
            postgres.kill()
            postgres.start()
            wait_for_messages(senders, 1)
            snapshot(senders)
            check(server, senders)
    finally:
        for sender in senders:
            sender.__exit__()
    snapshot(senders)
    stored = check(server, senders)
    assert server.is_running
    codes = set().union(*(sender.refused for sender in senders))
    assert codes <= {"unavailable"}, codes
    # Messages that were stored but whose acknowledgement was lost have also been announced, once and in order.
    reader.wait_for("message:received", lambda m: m["seq"] == len(stored))
    seen = [message["seq"] for message in reader.all("message:received")]
    assert seen == list(range(1, len(stored) + 1)), f"seed {SEED}"
    reader.close()
