"""Accounts, passwords and log-ins (claims 20 and 21)."""

import hashlib
import json
import queue
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from accounts import log_in, weaken
from parley import PASSWORD, assert_problem


def test_registering_and_logging_in(server):
    answer = server.request(
        "POST", "/auth/register", json={"username": "Alice.B", "password": PASSWORD, "displayName": "  Alice B  "})
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    session = answer.json()
    assert session["user"]["username"] == "alice.b" and session["user"]["displayName"] == "Alice B"
    assert session["expiresIn"] == 900 and "status" not in session["user"]
    again = server.request("POST", "/auth/register", json={"username": "ALICE.B", "password": PASSWORD})
    assert_problem(again, 409, "username_taken", "username")
    assert log_in(server, "aLiCe.b").json()["user"]["id"] == session["user"]["id"]


@pytest.mark.parametrize("body, field", [
    ({"username": "ab", "password": PASSWORD}, "username"),
    ({"username": "with space", "password": PASSWORD}, "username"),
    ({"username": "ümlaut", "password": PASSWORD}, "username"),
    ({"username": "x" * 33, "password": PASSWORD}, "username"),
    ({"username": "fine", "password": "short12"}, "password"),
    ({"username": "fine", "password": "x" * 257}, "password"),
    ({"username": "fine", "password": "Password123"}, "password"),
    ({"username": "finefine", "password": "FineFine"}, "password"),
    ({"username": "fine"}, "password"),
    ({"username": 5, "password": PASSWORD}, "username"),
    ({"username": "fine", "password": PASSWORD, "displayName": "a\nb"}, "displayName"),
])
def test_what_is_no_account(server, body, field):
    assert_problem(server.request("POST", "/auth/register", json=body), 422, "validation_failed", field)


@pytest.mark.parametrize("password", [
    "🔑" * 256, "пароль з пробілами і ще довший за шістдесят чотири знаки, бо так краще", "tab\tand\0nul and more"])
def test_long_and_foreign_passwords_match_exactly(server, password):
    name = "pw" + hashlib.sha256(password.encode()).hexdigest()[:10]
    made = server.request("POST", "/auth/register", json={"username": name, "password": password})
    assert made.status_code == 201, made.text
    assert log_in(server, name, password).status_code == 200
    for wrong in {password[:-1], password[:min(72, len(password) - 1)]}:
        assert_problem(log_in(server, name, wrong), 401, "invalid_credentials")


def test_a_password_is_the_same_in_both_unicode_forms(server):
    composed, decomposed = "\u00e9l\u00e8ve fran\u00e7ais", "e\u0301le\u0300ve franc\u0327ais"
    assert server.request("POST", "/auth/register", json={"username": "eleve", "password": composed}).status_code == 201
    assert log_in(server, "eleve", decomposed).status_code == 200


def test_an_unknown_name_and_a_wrong_password_are_told_apart_by_nothing(server, people):
    [alice] = people("alice")

    def attempt(name):
        began = time.perf_counter()
        answer = log_in(server, name, "certainly wrong")
        return time.perf_counter() - began, answer

    times = {"known": [], "unknown": [], "impossible": []}
    names = {"known": alice.username, "unknown": "nobody.here", "impossible": "no\0body"}
    bodies = set()
    for _ in range(2):
        for kind, name in names.items():
            seconds, answer = attempt(name)
            assert_problem(answer, 401, "invalid_credentials")
            bodies.add(json.dumps(answer.json(), sort_keys=True))
            times[kind].append(seconds)
    assert len(bodies) == 1
    known = statistics.median(times["known"])
    for kind in ("unknown", "impossible"):
        assert 0.4 < statistics.median(times[kind]) / known < 2.5, times


def test_a_storm_of_log_ins_is_bounded_and_messages_go_on(start_server):
    server = start_server()
    alice, bob = server.person("alice"), server.person("bob")
    conversation = alice.direct(bob)
    before, answers = memory(server), queue.Queue()

    def attempt(number):
        try:
            answers.put(log_in(server, f"nobody{number}", "wrong password").status_code)
        except requests.ConnectionError:
            pass  # The server is ended before it has answered all.

    with ThreadPoolExecutor(120) as pool, alice.connect() as device:
        for number in range(120):
            pool.submit(attempt, number)
        assert 503 in [answers.get(timeout=20) for _ in range(30)], "more than what may wait is refused, not queued"
        for number in range(5):
            began = time.monotonic()
            device.send(conversation, f"in the storm {number}")
            assert time.monotonic() - began < 2
        assert memory(server) - before < 160 << 20
        server.kill()
    assert set(answers.queue) <= {401, 503}


def test_weaker_hashes_are_replaced_at_log_in(server, people):
    [alice] = people("alice")
    weaken(server, alice)
    assert log_in(server, alice.username).status_code == 200
    [(stored,)] = server.sql("SELECT hash FROM passwords WHERE user_id = %s", alice.id)
    assert stored.startswith("$scrypt$ln=15,r=8,p=3$")
    assert log_in(server, alice.username).status_code == 200


def memory(server):
    """The most memory the server ever had, in bytes."""
    with open(f"/proc/{server.process.pid}/status") as status:
        [line] = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
