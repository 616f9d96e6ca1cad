"""Live events of a conversation come in the order of their revisions (issue 19)."""

import json
import threading

from delivering import Burst
from parley import free_port, until
from sockets import raw_socket
from test_operations import listens, metrics

EACH = 50
READ = "parley_repair_seconds_count"
"""How often the server has read what it missed of a conversation."""


def read_until(connection, text):
    """What comes of messages, one packet after another, until a message with this text has come."""
    seen = []
    while not seen or seen[-1]["text"] != text:
        packet = connection.recv()
        if packet == "2":
            connection.send("3")
        elif packet.startswith(('42["message:received"', '42["message:updated"')):
            seen.append(json.loads(packet[2:])[1])
    return seen


def edit(person, messages, name):
    for number in range(EACH):
        message = messages[number % len(messages)]
        answer = person.request("PATCH", f"/messages/{message['id']}", json={"text": f"{name} {number}"})
        assert answer.status_code == 200, answer.text


def revisions_seen(group, senders, editors, watcher, name):
    """The revisions that a watcher sees while two people send and two edit."""
    texts = {editor: [editor.send(group, f"{name} mine") for _ in range(5)] for editor in editors}
    connection = raw_socket(watcher)
    threads = [threading.Thread(target=edit, args=(editor, texts[editor], name)) for editor in editors]
    with senders[0].connect() as one, senders[1].connect() as two:
        bursts = [Burst(one), Burst(two)]

        def send(burst):
            for number in range(EACH):
                burst.send(group, [f"{name} {number}"])
                burst.wait(number + 1)

        threads += [threading.Thread(target=send, args=(burst,)) for burst in bursts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        last = senders[0].send(group, f"{name} last")
        seen = read_until(connection, last["text"])
        for burst, device in zip(bursts, (one, two), strict=True):
            device.wait_for("message:received", lambda message: message["id"] == last["id"])
            own = {message["id"] for message in burst.wait(EACH)}
            assert not own & {message["id"] for message in device.all("message:received")}, "the answer is enough"
    connection.close()
    assert seen[-1]["revision"] == last["revision"]
    return [message["revision"] for message in seen]


def test_revisions_never_fall_while_two_send_and_two_edit(start_server):
    port = free_port()
    server = start_server(RATE_LIMITS="off", METRICS_PORT=str(port))
    until(lambda: listens(port), "the metrics' port to be open")
    *people, watcher = server.people("ann", "ben", "cat", "dan", "eve")
    for attempt in range(3):
        before = metrics(port)[READ]
        group = watcher.group(*people)
        revisions = revisions_seen(group, people[:2], people[2:], watcher, f"round {attempt}")
        assert len(revisions) > 2 * EACH
        falls = sum(later <= earlier for earlier, later in zip(revisions, revisions[1:], strict=False))
        if falls == 0:
            return
        # Where the machine is so slow that the server reads what it misses, new messages follow changes of older ones.
        assert metrics(port)[READ] > before, f"of {4 * EACH} events, {falls} came after one of a higher revision"
