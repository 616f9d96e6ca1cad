"""Numbers that are not whole, or too large, wherever a client may send one."""

import json

import pytest
import websocket

from parley import PATIENCE, assert_problem

UNFIT = ["1.5", "1e23", "100000000000000000000000", "9223372036854775808", "-1.5", "1e-3", "1E400"]
WHOLE = ["100", "1e2", "100.0", "1E+2", "9223372036854775807"]


@pytest.fixture
def emit(people):
    """Sends an event whose payload is written as it is given: a client's library would change its numbers."""
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    bob.send(conversation)
    socket = websocket.create_connection(
        f"ws://127.0.0.1:{alice.server.port}/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE)
    socket.recv()
    socket.send("40" + json.dumps({"token": alice.token}))

    def receive(start):
        while not (packet := socket.recv()).startswith(start):
            if packet == "2":
                socket.send("3")
        return json.loads(packet[len(start):])

    receive("40")

    def emit(event, payload):
        socket.send(f'421["{event}",{payload.replace("CONVERSATION", conversation)}]')
        return receive("431")[0]

    yield emit
    socket.close()


EVENTS = [
    ("message:read", '{"conversationId":"CONVERSATION","seq":%s}', "seq"),
    ("message:delivered", '{"seq":%s,"conversationId":"CONVERSATION","more":null}', "seq"),
    ("sync", '{"known":{"CONVERSATION":%s}}', "known"),
]


@pytest.mark.parametrize("event, payload, field", EVENTS)
def test_what_is_no_whole_number_is_refused_by_name(emit, event, payload, field):
    for number in UNFIT:
        answer = emit(event, payload % number)
        assert answer["ok"] is False and answer["error"]["code"] == "validation_failed", (number, answer)
        assert answer["error"]["field"] == field, (number, answer)
    for number in WHOLE:
        assert emit(event, payload % number)["ok"] is True, number


def test_a_malformed_id_in_sync_is_unknown(emit):
    answer = emit("sync", '{"known":{"x":1,"CONVERSATION":0}}')
    assert answer["ok"] is True and answer["removed"] == ["x"] and len(answer["conversations"]) == 1


def test_numbers_in_queries_and_headers_are_digits(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    for number in [*UNFIT, "abc", "-1", "", "0x10", "1e2"]:
        for field in ("limit", "before", "after", "sinceRevision"):
            refused = alice.get(f"/messages?conversationId={conversation}&{field}={number}")
            assert_problem(refused, 400, "malformed_request", field)
        for path in ("/users", "/conversations", "/conversations/public", f"/conversations/{conversation}/members"):
            assert_problem(alice.get(f"{path}?limit={number}"), 400, "malformed_request", "limit")
        refused = alice.post("/upload", headers={"Tus-Resumable": "1.0.0", "Upload-Length": number})
        assert_problem(refused, 400, "malformed_request")
