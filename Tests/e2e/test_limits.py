"""Rate limits, and how clients are told apart (claims 20, 24 and 41)."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import websocket

from accounts import log_in, weaken
from parley import PASSWORD, PATIENCE, assert_problem
from test_hardening import Raw, is_problem


def test_twenty_wrong_passwords_close_that_name_from_that_address(start_server):
    server = start_server(RATE_LIMITS="on", TRUSTED_PROXIES="127.0.0.0/8, ::1")
    alice, bob = server.person("alice"), server.person("bob")
    weaken(server, alice)

    def attempt(name, password, address="203.0.113.5"):
        return log_in(server, name, password, headers={"X-Forwarded-For": f"10.9.9.9, {address}"})

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda _: attempt(alice.username, "wrong one").status_code, range(30)))
    assert statuses.count(401) == 20 and statuses.count(429) == 10
    refused = attempt(alice.username.upper(), PASSWORD)
    assert_problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert attempt(bob.username, PASSWORD).status_code == 200, "another name from there"
    assert attempt(alice.username, PASSWORD, "203.0.113.6").status_code == 200, "that name from elsewhere"
    assert alice.get("/auth/me").status_code == 200


def page(server, address):
    """A browser on this server's page."""
    browser = requests.Session()
    browser.headers.update({"X-Parley-Cookie": "1", "Origin": server.url, "X-Forwarded-For": address})
    return browser


def test_guesses_from_everywhere_stop_strangers_and_not_the_known(start_server):
    server = start_server(RATE_LIMITS="on", TRUSTED_PROXIES="127.0.0.1")
    alice, bob = server.person("alice"), server.person("bob")
    weaken(server, alice)

    def attempt(password, address, browser=None):
        body = {"username": alice.username, "password": password}
        return (browser or requests).post(
            server.url + "/auth/login", json=body, headers={"X-Forwarded-For": address}, timeout=PATIENCE)

    laptop = page(server, "198.51.100.1")
    assert attempt(PASSWORD, "198.51.100.1", laptop).status_code == 200
    assert attempt(PASSWORD, "198.51.100.2").status_code == 200, "a program without cookies"
    weaken(server, alice)
    thief = page(server, "198.51.100.9")
    assert thief.post(
        server.url + "/auth/login", json={"username": bob.username, "password": PASSWORD}).status_code == 200

    def guess_until_refused():
        """How many wrong passwords are taken, below every limit of an address, until there is none for most of a minute."""
        taken = 0
        while True:
            answer = attempt("wrong one", f"203.0.113.{taken // 10}")
            if answer.status_code == 401:
                taken += 1
                continue
            assert_problem(answer, 429, "rate_limited")
            if (wait := int(answer.headers["Retry-After"])) > 30:
                return taken
            time.sleep(wait)

    # One a minute comes back.
    assert guess_until_refused() >= 100
    refused = attempt(PASSWORD, "203.0.113.200")
    assert_problem(refused, 429, "rate_limited")
    assert int(refused.headers["Retry-After"]) >= 1
    assert attempt(PASSWORD, "198.51.100.9", thief).status_code == 429, "a mark is its own user's alone"
    forged = page(server, "203.0.113.201")
    forged.cookies.set(f"parley_device_{server.port}", "0" * 96, path="/auth", domain="127.0.0.1")
    assert attempt(PASSWORD, "203.0.113.201", forged).status_code == 429
    unknown = server.request(
        "POST", "/auth/login", json={"username": "nobody.here", "password": "x"}, headers={"X-Forwarded-For": "203.0.113.202"})
    assert unknown.status_code == 401, "another name"

    assert attempt(PASSWORD, "203.0.113.203", laptop).status_code == 200, "the device, wherever it is by now"
    assert attempt(PASSWORD, "198.51.100.2").status_code == 200, "the address"
    # A known device has its own bound.
    weaken(server, alice)
    wrong = [attempt("wrong one", "203.0.113.203", laptop).status_code for _ in range(22)]
    assert wrong == [401] * 20 + [429] * 2
    assert attempt(PASSWORD, "198.51.100.2").status_code == 200


def test_a_forged_forwarded_for_is_ignored(start_server):
    server = start_server(RATE_LIMITS="on")
    alice = server.person("alice")
    weaken(server, alice)
    statuses = [
        log_in(server, alice.username, "wrong one", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code
        for n in range(22)]
    assert statuses == [401] * 20 + [429] * 2


def test_right_passwords_do_not_count(start_server):
    server = start_server(RATE_LIMITS="on")
    alice = server.person("alice")
    weaken(server, alice)
    assert {log_in(server, alice.username, "wrong one").status_code for _ in range(19)} == {401}
    assert log_in(server, alice.username).status_code == 200
    assert log_in(server, alice.username).status_code == 200
    assert [log_in(server, alice.username, "wrong one").status_code for _ in range(2)] == [401, 429]


def emit_until_refused(device, event, payload, count):
    """Emits so many events at once, and again until one is refused, because a limit refills meanwhile: their answers."""
    answers, done = [], threading.Semaphore(0)
    for _ in range(20):
        for n in range(count):
            device.client.emit(event, payload(n), callback=lambda a: (answers.append(a), done.release()))
        for _ in range(count):
            assert done.acquire(timeout=PATIENCE), event
        if any(not answer["ok"] and answer["error"]["code"] == "rate_limited" for answer in answers):
            return answers
    raise AssertionError(f"no {event} of {len(answers)} was refused")


def flood_until_refused(person, method, path, body, burst, per_second):
    """Sends requests without waiting for the answers, until one is refused. Returns how many were not. A machine that answers
    more slowly than the bucket refills never empties it: that is no failure, but more than the bucket gave is one."""
    request = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {person.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
    with Raw(person.server) as raw:
        began = time.monotonic()
        for accepted in range(3000):
            if accepted % 50 == 0:
                raw.write(request * 50)
            answer = raw.answer()
            if answer[0] != 201:
                assert is_problem(answer, 429, "rate_limited") and int(answer[1]["retry-after"]) >= 1
                return accepted
            assert accepted < burst + 50 + per_second * (time.monotonic() - began), "more than the bucket had"
    pytest.skip("this machine answers more slowly than the limit refills")


def test_floods_are_limited_and_say_so(start_server):
    server = start_server(RATE_LIMITS="on")
    alice, bob = server.person("alice"), server.person("bob")
    group = bob.group(title="Open house", visibility="public")
    conversation = alice.direct(bob)
    floods = [
        ("message:send", lambda n: {"conversationId": conversation, "text": str(n)}, 400),
        ("typing", lambda n: {"conversationId": conversation, "active": n % 2 == 0}, 100),
        ("conversation:join", lambda n: {"conversationId": group}, 150),
    ]
    with alice.connect() as device:
        for event, payload, count in floods:
            answers = emit_until_refused(device, event, payload, count)
            refused = [a for a in answers if not a["ok"]]
            assert len(refused) < len(answers), event
            # On a busy machine, some have waited for too long.
            assert {a["error"]["code"] for a in refused} <= {"rate_limited", "unavailable"}
            assert all(a["error"]["retryAfter"] >= 1 for a in refused)
    # The user's events and requests spend from one bucket.
    flood_until_refused(alice, "POST", "/messages", json.dumps({"conversationId": conversation, "text": "x"}), 200, 20)
    assert flood_until_refused(bob, "PUT", "/upload/x", "x", 100, 2) >= 100
    assert bob.send(conversation, "others go on")["text"] == "others go on"
    # The pieces of one upload count as one upload, whatever method brings them.
    tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    location = alice.post("/upload", headers={**tus, "Upload-Length": "130"}).headers["Location"]
    for n in range(130):
        piece = alice.post(location, data=b"x", headers={**tus, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": str(n)})
        assert piece.status_code == 204, piece.text


def test_registrations_are_limited_by_address(start_server):
    server = start_server(RATE_LIMITS="on")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda n: server.request("POST", "/auth/register", json={"username": f"flood{n}", "password": "short"}), range(80)))
    refused = [a for a in answers if a.status_code == 429]
    assert 10 <= len(refused) < 80 and all("Retry-After" in a.headers for a in refused)


def test_a_token_does_not_lift_the_limit_of_registrations(start_server):
    server = start_server(RATE_LIMITS="on")
    alice = server.person("alice")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda n: alice.post("/auth/register", json={"username": f"flood{n}", "password": "short"}), range(80)))
    refused = [a for a in answers if a.status_code == 429]
    assert 10 <= len(refused) < 80


def test_unknown_events_are_limited_like_others(start_server):
    server = start_server(RATE_LIMITS="on")
    codes, done = [], threading.Semaphore(0)
    with server.person("alice").connect() as device:
        while "rate_limited" not in codes and len(codes) < 30_000:
            for _ in range(1500):
                device.client.emit("nonsense", {}, callback=lambda a: (codes.append(a["error"]["code"]), done.release()))
            for _ in range(1500):
                assert done.acquire(timeout=PATIENCE)
    assert set(codes) == {"not_found", "rate_limited"} and codes.count("not_found") >= 600


def handshakes(server, count, address):
    """How many of that many new connections are accepted before the first refusal, and that refusal, if there is one. Many
    are opened at once, because they have to come faster than the limit refills."""
    request = (
        f"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {address}\r\n\r\n").encode()
    accepted = 0
    with Raw(server) as raw:
        while accepted < count:
            if accepted % 100 == 0:
                raw.write(request * 100)
            answer = raw.answer()
            if answer[0] != 200:
                return accepted, answer
            accepted += 1
    return accepted, None


def test_handshakes_are_limited_by_address(start_server):
    server = start_server(RATE_LIMITS="on", TRUSTED_PROXIES="127.0.0.1", CONNECTIONS_PER_ADDRESS="1000000")
    alice = server.person("alice")
    # As many as a company behind one address needs after a restart.
    accepted, (status, fields, body) = handshakes(server, 30_000, "203.0.113.5")
    assert accepted >= 3000 and status == 429
    assert int(fields["retry-after"]) >= 1 and b"too much at once" in body
    assert handshakes(server, 100, "203.0.113.6") == (100, None), "others go on"
    with alice.connect():
        pass


def test_sockets_with_bad_tokens_are_limited_by_address(start_server):
    server = start_server(RATE_LIMITS="on", TRUSTED_PROXIES="127.0.0.1")
    alice = server.person("alice")

    def attempt(token, address):
        socket = websocket.create_connection(
            server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE,
            header={"X-Forwarded-For": f"10.9.9.9, {address}"})
        socket.recv()
        socket.send('40{"token":"%s"}' % token)
        answer = socket.recv()
        socket.close()
        return answer if answer.startswith("40") else json.loads(answer[2:])["data"]["code"]

    answers, hers = [], []
    with ThreadPoolExecutor(8) as pool:
        # Hers are among them, because five a second come back.
        while "rate_limited" not in hers and len(answers) < 5000:
            mixed = list(pool.map(lambda n: attempt(f"nonsense{n}" if n % 10 else alice.token, "203.0.113.5"), range(100)))
            hers += mixed[::10]
            answers += [answer for n, answer in enumerate(mixed) if n % 10]
    assert set(answers) == {"unauthenticated", "rate_limited"} and answers.count("unauthenticated") >= 600
    assert "rate_limited" in hers and all(answer == "rate_limited" or answer.startswith("40") for answer in hers)
    assert attempt(alice.token, "203.0.113.6").startswith("40"), "others go on"
    # Good tokens do not count, whatever their number.
    with ThreadPoolExecutor(8) as pool:
        people = [server.person(f"person{n}") for n in range(8)]
        good = list(pool.map(lambda n: attempt(people[n % 8].token, "203.0.113.7"), range(700)))
    assert all(answer.startswith("40") for answer in good)


@pytest.mark.parametrize("path", ["/auth/register/", "//auth/register", "/auth//register"])
def test_a_path_in_another_spelling_has_the_same_limit(start_server, path):
    server = start_server(RATE_LIMITS="on")
    statuses = [server.request("POST", path, json={"username": "x", "password": "y"}).status_code for _ in range(80)]
    assert statuses[:60] == [422] * 60 and 429 in statuses[60:]


def test_what_is_no_name_locks_nobody_out(start_server):
    server = start_server(RATE_LIMITS="on", TRUSTED_PROXIES="127.0.0.1")
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda n: log_in(server, "no@name", "a wrong one", headers={"X-Forwarded-For": f"203.0.{n}.1"}), range(110))
        assert {answer.status_code for answer in answers} == {401}


def test_what_is_off_is_said(start_server):
    server = start_server(RATE_LIMITS="off")
    assert "RATE_LIMITS is off" in server.log


@pytest.mark.parametrize("value", ["nonsense", "10.0.0.0/33", "10.0.0.0/x", "1.2.3"])
def test_a_proxy_that_is_none_stops_the_start(start_server, value):
    with pytest.raises(RuntimeError, match="TRUSTED_PROXIES"):
        start_server(TRUSTED_PROXIES=value)
