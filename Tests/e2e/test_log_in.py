"""Accounts, passwords and log-ins (claims 20 and 21)."""

import hashlib
import json
import queue
import signal
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import websocket

from accounts import log_in, weaken
from parley import PASSWORD, PATIENCE, assert_problem, until


def test_registering_and_logging_in(server):
    answer = server.request(
        "POST", "/auth/register", json={"username": "Alice.B", "password": PASSWORD, "displayName": "  Alice B  "})
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store, no-transform"
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
    ({"username": "fine", "password": "TrustNo1"}, "password"),
    ({"username": "fine", "password": "QWERTYuiop"}, "password"),
    ({"username": "finefine", "password": "FineFine"}, "password"),
    ({"username": "fine.and.dandy", "password": "Dandy2024"}, "password"),
    ({"username": "fine", "displayName": "Alice Liddell", "password": "liddell1865!"}, "password"),
    ({"username": "\u0430lice", "password": PASSWORD}, "username"),
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
        began = server.cpu_seconds
        answer = log_in(server, name, "certainly wrong")
        return server.cpu_seconds - began, answer

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


# 240 kB that are one character. Normalizing, comparing or looking it up takes seconds.
ENDLESS = "e" + "\u0301\u0323" * 60_000


def test_what_is_too_long_costs_nothing(start_server):
    server = start_server()
    alice = server.person("alice")
    conversation = alice.direct(server.person("bob"))
    before = server.cpu_seconds
    anonymous = [
        ("/auth/login", {"username": alice.username, "password": ENDLESS}, 422),
        ("/auth/login", {"username": ENDLESS, "password": "short"}, 401),
        ("/auth/register", {"username": "newcomer", "password": ENDLESS}, 422),
        ("/auth/register", {"username": ENDLESS, "password": PASSWORD}, 422),
        ("/auth/register", {"username": "newcomer", "password": PASSWORD, "displayName": ENDLESS}, 422),
        ("/auth/login", {"username": alice.username, "password": PASSWORD, ENDLESS: 1}, 400),
        ("/auth/refresh", {"refreshToken": ENDLESS}, 401),
        ("/auth/logout", {"refreshToken": ENDLESS}, 401),
    ]
    signed_in = [
        ("POST", "/auth/password", {"currentPassword": ENDLESS, "newPassword": "a fine passphrase"}, 422),
        ("POST", "/auth/password", {"currentPassword": PASSWORD, "newPassword": ENDLESS}, 422),
        ("PATCH", "/auth/me", {"displayName": ENDLESS}, 422),
        ("PATCH", "/auth/me", {"about": ENDLESS}, 422),
        ("POST", "/conversations", {"kind": "group", "title": ENDLESS}, 422),
        ("POST", "/messages", {"conversationId": conversation, "text": ENDLESS}, 422),
        ("POST", "/messages", {"conversationId": conversation, "text": "x", "clientId": ENDLESS}, 422),
    ]
    # Raw on the wire, and escaped.
    for encode in (lambda body: json.dumps(body, ensure_ascii=False).encode(), lambda body: json.dumps(body).encode()[:250_000]):
        for path, body, status in anonymous:
            answer = requests.post(server.url + path, data=encode(body), headers={"Content-Type": "application/json"})
            assert answer.status_code in (status, 400, 413), (path, answer.text[:300])
        for method, path, body, status in signed_in:
            answer = alice.request(method, path, data=encode(body), headers={"Content-Type": "application/json"})
            assert answer.status_code in (status, 400, 413), (path, answer.text[:300])
    for field in ("Authorization", "Cookie", "Accept-Encoding", "X-Forwarded-For"):
        answer = server.request("GET", "/auth/me", headers={field: ENDLESS[:7000].encode()})
        assert_problem(answer, 400, "malformed_request")
    assert alice.get("/auth/me", headers={"User-Agent": "Telephone/1 " + "é" * 200}).status_code == 200
    with alice.connect() as device:
        event = {"conversationId": conversation, "text": "x", ENDLESS: 1}
        refusals = {"malformed_request", "too_large"}
        assert device.emit("message:send", event)["error"]["code"] in refusals
        assert device.emit("sync", {"known": {ENDLESS: 1}})["ok"] is False
        assert device.emit("message:react", {"messageId": conversation, "emoji": ENDLESS, "add": True})["ok"] is False
        assert device.emit("conversation:join", {"conversationId": ENDLESS})["ok"] is False
    for packet in ("40/" + ENDLESS + ",", "42" + json.dumps([ENDLESS], ensure_ascii=False)):
        socket = websocket.create_connection(
            server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE)
        socket.recv()
        socket.send(packet)
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            while not socket.recv().startswith("44"):
                pass
            raise ConnectionError
    # Six log-ins were checked. Nothing else may take as long as one of these texts did.
    assert server.cpu_seconds - before < 4


def test_a_flood_of_log_ins_leaves_others_their_turn(start_server):
    """A person who floods log-ins, with wrong and right passwords, waits only behind himself."""
    server = start_server(TRUSTED_PROXIES="127.0.0.1")
    alice, mallory = server.person("alice"), server.person("mallory")
    done, answers = threading.Event(), queue.Queue()

    def flood(number):
        while not done.is_set():
            try:
                answer = log_in(
                    server, mallory.username, PASSWORD if number % 2 else "a wrong password",
                    headers={"X-Forwarded-For": "203.0.113.5"})
            except requests.ConnectionError:
                return  # The server is ended before it has answered all.
            answers.put((answer.status_code, answer.headers.get("Retry-After")))
            if answer.status_code == 503:
                done.wait(0.1)

    def others_log_in(address):
        """How many passwords of the flood were checked before another person's."""
        while not answers.empty():
            answers.get()
        assert log_in(server, alice.username, headers={"X-Forwarded-For": address}).status_code == 200
        return len([status for status, _ in list(answers.queue) if status != 503])

    with ThreadPoolExecutor(30) as pool:
        for number in range(30):
            pool.submit(flood, number)
        # By then as many of his log-ins wait as may wait.
        while (refusal := answers.get(timeout=PATIENCE))[0] != 503:
            pass
        assert int(refusal[1]) >= 1
        # Two passwords are being hashed when she comes, one may be next, and answers come a little late.
        elsewhere, beside = others_log_in("203.0.113.6"), others_log_in("203.0.113.5")
        done.set()
        server.kill()
    assert elsewhere <= 8 and beside <= 8, "sixteen waited"


def test_a_stop_ends_what_waits(start_server):
    server = start_server()
    answers = queue.Queue()

    def attempt(number):
        try:
            answers.put(log_in(server, f"nobody{number}", "wrong password").status_code)
        except requests.ConnectionError:
            answers.put(None)

    with ThreadPoolExecutor(60) as pool:
        for number in range(60):
            pool.submit(attempt, number)
        assert answers.get(timeout=PATIENCE) in (401, 503)
        until(lambda: answers.qsize() >= 3, "answers")
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=PATIENCE)
    checked = [status for status in answers.queue if status == 401]
    assert 503 in answers.queue and len(checked) < 20, "what waited was not checked first"


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
        assert 503 in [answers.get(timeout=PATIENCE) for _ in range(30)], "more than what may wait is refused, not queued"
        for number in range(5):
            device.send(conversation, f"in the storm {number}")
        assert answers.qsize() < 90, "messages do not wait for those who log in"
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
    """The peak memory of the server, in bytes."""
    with open(f"/proc/{server.process.pid}/status") as status:
        [line] = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
