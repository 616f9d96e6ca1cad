"""Names that people choose, user names in every spelling, and reactions, through every door."""

import json
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from accounts import log_in
from parley import PASSWORD, assert_problem

NAMES = json.loads((Path(__file__).parents[1] / "names.json").read_text())
NONSENSE = [name for kind, names in NAMES.items() if kind != "good" for name in names]


def test_names_that_cannot_be_seen_are_refused(people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    for name in [*NONSENSE, "a\0b"]:
        assert_problem(alice.request("PATCH", "/auth/me", json={"displayName": name}), 422, "validation_failed", "displayName")
        assert_problem(alice.request("PATCH", f"/conversations/{group}", json={"title": name}), 422, "validation_failed", "title")
    assert_problem(alice.post("/conversations", json={"kind": "group", "title": "\u202e"}), 422, "validation_failed", "title")
    body = {"username": "nobody", "password": PASSWORD, "displayName": "\u200b"}
    assert_problem(alice.server.request("POST", "/auth/register", json=body), 422, "validation_failed", "displayName")


def test_names_of_every_script_are_kept(people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    for name in NAMES["good"]:
        assert alice.request("PATCH", "/auth/me", json={"displayName": name}).json()["displayName"] == name
        assert alice.request("PATCH", f"/conversations/{group}", json={"title": name}).json()["title"] == name
    assert alice.request("PATCH", "/auth/me", json={"displayName": " Ana \u3000  Nova\n"}).json()["displayName"] == "Ana Nova"


def test_names_of_files_are_cleaned(people):
    alice, = people("alice")
    for sent, kept in {"\u202egpj.exe": "gpj.exe", "\u200b": "file", "a\u00ad.png": "a.png", "Z" + "\u030d" * 40: "Z" + "\u030d" * 5}.items():
        answer = alice.request("PUT", f"/upload/{quote(sent, safe='')}", data=b"bytes")
        assert answer.json()["uploads"][0]["name"] == kept
        assert alice.upload(b"bytes", sent)["name"] == kept


def test_a_user_name_is_one_in_every_spelling(server):
    name = f"wide-{uuid.uuid4().hex[:8]}"
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in name.upper())
    made = server.request("POST", "/auth/register", json={"username": wide, "password": PASSWORD})
    assert made.status_code == 201 and made.json()["user"]["username"] == name and made.json()["user"]["displayName"] == name
    for spelled in (name, wide, name.upper()):
        assert log_in(server, spelled).status_code == 200
        again = server.request("POST", "/auth/register", json={"username": spelled, "password": PASSWORD})
        assert_problem(again, 409, "username_taken")
    assert_problem(server.request("POST", "/auth/register", json={"username": "ali\u200bce", "password": PASSWORD}), 422, "validation_failed", "username")


@pytest.mark.parametrize("spelled, stored", [
    ("\u2764", "\u2764\ufe0f"), ("\u2764\ufe0f", "\u2764\ufe0f"), ("👍", "👍"), ("👍\ufe0f", "👍"), ("#\u20e3", "#\ufe0f\u20e3"),
    ("🇨🇭", "🇨🇭"), ("👩\u200d👩\u200d👧\u200d👦", "👩\u200d👩\u200d👧\u200d👦"), ("🏳\u200d🌈", "🏳\ufe0f\u200d🌈"),
    ("\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F",) * 2,
])
def test_a_reaction_has_one_spelling(people, spelled, stored):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    message = alice.send(conversation)["id"]
    with bob.connect() as device:
        reacted = alice.request("PUT", f"/messages/{message}/reactions/{quote(spelled, safe='')}").json()["message"]
        assert reacted["reactions"] == [{"emoji": stored, "userIds": [alice.id]}]
        both = device.emit("message:react", {"messageId": message, "emoji": stored, "add": True})["message"]
        assert both["reactions"] == [{"emoji": stored, "userIds": [alice.id, bob.id]}]
        removed = alice.request("DELETE", f"/messages/{message}/reactions/{quote(stored, safe='')}").json()["message"]
        assert removed["reactions"] == [{"emoji": stored, "userIds": [bob.id]}]
        assert device.emit("message:react", {"messageId": message, "emoji": spelled, "add": False})["message"]["reactions"] == []


def test_what_is_no_emoji_is_no_reaction(people):
    alice, bob = people("alice", "bob")
    message = alice.send(alice.direct(bob))["id"]
    with bob.connect() as device:
        for text in ["a\ufe0f", "\ufe0f", "🇨", "1", "1\ufe0f", "👍👍", "👍" + "\u0301" * 30, "\u200d", "🏽", "ok", "\u2764\ufe0e", "\u2800"]:
            refused = alice.request("PUT", f"/messages/{message}/reactions/{quote(text, safe='')}")
            assert_problem(refused, 422, "validation_failed", "emoji")
            answer = device.emit("message:react", {"messageId": message, "emoji": text, "add": True})
            assert answer["ok"] is False and answer["error"]["code"] == "validation_failed"


def test_a_reaction_with_thousands_of_marks_keeps_nobody_waiting(people):
    alice, bob = people("alice", "bob")
    conversation = alice.group(bob)
    message = alice.send(conversation)
    with bob.connect() as device:
        assert device.emit("message:react", {"messageId": message["id"], "emoji": "👍", "add": True})["ok"]
        for add in (True, False):
            payload = {"messageId": message["id"], "emoji": "a" + "\u0301\u0316" * 20_000, "add": add}
            before = alice.server.cpu_seconds
            assert device.emit("message:react", payload)["error"]["field"] == "emoji"
            assert alice.server.cpu_seconds - before < 0.3
