"""Accounts: log-ins, sessions, tokens, passwords and who may ask how much (claims 17 to 24 and 41)."""

import base64
import hashlib
import hmac
import json
import queue
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import socketio
import websocket

from parley import PASSWORD, assert_problem


def log_in(server, name, password=PASSWORD, **options):
    return server.request("POST", "/auth/login", json={"username": name, "password": password}, **options)


def refresh(server, token):
    return server.request("POST", "/auth/refresh", json={"refreshToken": token})


def signed(header, payload, key, algorithm=hashlib.sha256):
    """A JWT (RFC 7515 § 3.1) made by hand, so that it can be wrong in any way."""
    def part(value):
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=")
    content = part(header) + b"." + part(payload)
    signature = hmac.new(key, content, algorithm).digest() if key else b""
    return (content + b"." + part(signature)).decode()


def payload_of(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


# --- Registering and logging in

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


def memory(server):
    """The most memory the server ever had, in bytes."""
    with open(f"/proc/{server.process.pid}/status") as status:
        [line] = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def weaken(server, person):
    """Gives somebody's password a hash that is checked in no time, until they log in."""
    salt = b"0123456789abcdef"
    weak = hashlib.scrypt(PASSWORD.encode(), salt=salt, n=1 << 10, r=8, p=1, dklen=32)
    encoded = f"$scrypt$ln=10,r=8,p=1${base64.b64encode(salt).decode()}${base64.b64encode(weak).decode()}"
    server.sql("UPDATE passwords SET hash = %s WHERE user_id = %s", encoded, person.id)


def test_weaker_hashes_are_replaced_at_log_in(server, people):
    [alice] = people("alice")
    weaken(server, alice)
    assert log_in(server, alice.username).status_code == 200
    [(stored,)] = server.sql("SELECT hash FROM passwords WHERE user_id = %s", alice.id)
    assert stored.startswith("$scrypt$ln=15,r=8,p=3$")
    assert log_in(server, alice.username).status_code == 200


# --- Access tokens

def test_forged_access_tokens(server, people):
    [alice] = people("alice")
    key = (server.storage / "jwt-secret").read_bytes()
    good = payload_of(alice.token)
    head = {"alg": "HS256", "typ": "JWT"}
    assert me(server, signed(head, good, key)).status_code == 200, "the test's own tokens are made right"
    forged = {
        "another key": signed(head, good, b"x" * 32),
        "an empty key": signed(head, good, b""),
        "alg none": signed({"alg": "none"}, good, None),
        "alg None": signed({"alg": "None"}, good, None),
        "an unsigned HS256": signed(head, good, None),
        "another hash": signed({"alg": "HS512"}, good, key, hashlib.sha512),
        "RS for HS": signed({"alg": "RS256"}, good, b"x" * 32),
        "its own key": signed({"alg": "HS256", "jwk": {"kty": "oct", "k": "eHh4"}}, good, b"xxx"),
        "a key's address": signed({"alg": "HS256", "jku": "http://127.0.0.1:1/keys"}, good, b"x" * 32),
        "a traversing kid": signed({"alg": "HS256", "kid": "../../../dev/null"}, good, b""),
        "another audience": signed(head, {**good, "aud": ["elsewhere"]}, key),
        "another issuer": signed(head, {**good, "iss": "elsewhere"}, key),
        "no expiry": signed(head, {k: v for k, v in good.items() if k != "exp"}, key),
        "another user in the same session": signed(head, {**good, "sub": "../" + good["sub"]}, key),
        "the refresh token": alice.session["refreshToken"],
        "nonsense": "a.b.c",
        "nothing": ".",
        "very long": "a" * 12_000,
    }
    for what, token in forged.items():
        answer = me(server, token)
        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer", what
    expired = signed(head, {**good, "exp": time.time() - 1}, key)
    assert_problem(me(server, expired), 401, "token_expired")
    with pytest.raises(socketio.exceptions.ConnectionError):
        alice.connect(token=forged["alg none"])


def me(server, token):
    return server.request("GET", "/auth/me", headers={"Authorization": f"Bearer {token}"})


def test_tokens_of_the_previous_secret_are_still_good(start_server):
    old, new = "o" * 40, "n" * 40
    server = start_server(JWT_SECRET=old)
    alice = server.person("alice")
    server.stop()
    server.settings.update(JWT_SECRET=new, JWT_SECRET_PREVIOUS=old)
    server.start()
    assert me(server, alice.token).status_code == 200
    fresh = refresh(server, alice.session["refreshToken"]).json()["accessToken"]
    head, good = {"alg": "HS256"}, payload_of(fresh)
    assert signed_with(fresh, new) and not signed_with(fresh, old)
    server.stop()
    del server.settings["JWT_SECRET_PREVIOUS"]
    server.start()
    assert_problem(me(server, alice.token), 401, "unauthenticated")
    assert me(server, fresh).status_code == 200


def signed_with(token, secret):
    content, signature = token.rsplit(".", 1)
    expected = hmac.new(secret.encode(), content.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(expected).rstrip(b"=").decode() == signature


# --- Refreshing

def test_refreshing_rotates_and_two_tabs_may_do_it_at_once(server, people):
    [alice] = people("alice")
    first = alice.session["refreshToken"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(server, first), range(8)))
    assert [a.status_code for a in answers] == [200] * 8
    tokens = {a.json()["refreshToken"] for a in answers}
    assert len(tokens) == 8 and first not in tokens
    for token in tokens:
        assert refresh(server, token).status_code == 200, "each tab goes on with its own"


def test_a_spent_token_used_after_its_grace_ends_the_session(server, people):
    [alice] = people("alice")
    spent = alice.session["refreshToken"]
    other = log_in(server, alice.username).json()
    successor = refresh(server, spent).json()
    with alice.connect() as device, alice.connect(token=other["accessToken"]) as elsewhere:
        server.sql(
            "UPDATE refresh_tokens SET spent_at = spent_at - interval '11 seconds' WHERE session_id = "
            "(SELECT id FROM sessions WHERE user_id = %s ORDER BY created_at LIMIT 1)", alice.id)
        assert_problem(refresh(server, spent), 401, "session_revoked")
        assert device.wait_for("session:revoked", timeout=1) == {"code": "session_revoked"}
        device.wait_for("disconnect", timeout=1)
        assert_problem(refresh(server, successor["refreshToken"]), 401, "session_revoked")
        assert_problem(me(server, successor["accessToken"]), 401, "session_revoked")
        assert me(server, other["accessToken"]).status_code == 200, "another session of the same user goes on"
        assert elsewhere.all("session:revoked") == []


def test_tokens_that_are_none(server):
    for token in ("", "nonsense", "\0", "ü"):
        assert_problem(refresh(server, token), 401, "unauthenticated")
    assert_problem(server.request("POST", "/auth/refresh", json={}), 401, "unauthenticated", "refreshToken")


def test_a_token_itself_is_nowhere_in_the_database(server, people):
    [alice] = people("alice")
    token = alice.session["refreshToken"]
    found = server.sql("SELECT count(*) FROM refresh_tokens WHERE encode(hash, 'escape') LIKE %s", f"%{token[:12]}%")
    assert found == [(0,)]
    digest = hashlib.sha256(token.encode()).digest()
    assert server.sql("SELECT count(*) FROM refresh_tokens WHERE hash = %s", digest) == [(1,)]


# --- Sessions

def test_log_out_closes_the_sockets_of_that_session(server, people):
    [alice] = people("alice")
    other = log_in(server, alice.username).json()
    with alice.connect() as device, alice.connect(token=other["accessToken"]) as elsewhere:
        assert alice.post("/auth/logout").status_code == 204
        device.wait_for("disconnect", timeout=1)
        assert_problem(alice.get("/auth/me"), 401, "session_revoked")
        assert elsewhere.all("disconnect") == []
    with pytest.raises(socketio.exceptions.ConnectionError):
        alice.connect()


def test_a_revoked_session_stays_revoked_after_a_restart(start_server):
    server = start_server()
    alice = server.person("alice")
    alice.post("/auth/logout")
    server.stop()
    server.restart()
    assert_problem(alice.get("/auth/me"), 401, "session_revoked")


def test_a_new_password_ends_the_other_sessions(server, people):
    [alice] = people("alice")
    other = log_in(server, alice.username, headers={"User-Agent": "Telephone/1"}).json()
    new = "another good passphrase"
    with alice.connect() as here, alice.connect(token=other["accessToken"]) as there:
        wrong = alice.post("/auth/password", json={"currentPassword": "nonsense", "newPassword": new})
        assert_problem(wrong, 401, "invalid_credentials", "currentPassword")
        weak = alice.post("/auth/password", json={"currentPassword": PASSWORD, "newPassword": "password"})
        assert_problem(weak, 422, "validation_failed", "newPassword")
        assert there.all("disconnect") == [], "nothing has changed yet"
        assert alice.post("/auth/password", json={"currentPassword": PASSWORD, "newPassword": new}).status_code == 204
        there.wait_for("disconnect", timeout=1)
        assert here.all("disconnect") == [] and alice.get("/auth/me").status_code == 200
    assert_problem(refresh(server, other["refreshToken"]), 401, "session_revoked")
    assert_problem(log_in(server, alice.username), 401, "invalid_credentials")
    assert log_in(server, alice.username, new).status_code == 200


def test_the_list_of_sessions(server, people):
    alice, eve = people("alice", "eve")
    other = log_in(server, alice.username, headers={"User-Agent": "Telephone/1\u00e9"}).json()
    sessions = alice.get("/auth/sessions").json()["sessions"]
    assert sorted(s["current"] for s in sessions) == [False, True] and all(s["createdAt"] for s in sessions)
    [phone] = [s for s in sessions if not s["current"]]
    assert phone["userAgent"].startswith("Telephone/1")
    assert_problem(eve.request("DELETE", f"/auth/sessions/{phone['id']}"), 404, "not_found")
    assert_problem(alice.request("DELETE", "/auth/sessions/nonsense"), 404, "not_found")
    assert alice.request("DELETE", f"/auth/sessions/{phone['id']}").status_code == 204
    assert_problem(me(server, other["accessToken"]), 401, "session_revoked")
    assert len(alice.get("/auth/sessions").json()["sessions"]) == 1


# --- Pages: cookie and origins

def test_the_cookie_is_for_this_servers_own_pages(server, people):
    [alice] = people("alice")
    page = {"X-Parley-Cookie": "1", "Origin": server.url}
    browser = requests.Session()
    answer = browser.post(
        server.url + "/auth/login", json={"username": alice.username, "password": PASSWORD}, headers=page)
    assert answer.status_code == 200 and "refreshToken" not in answer.json()
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/auth")) and "Secure" not in cookie
    assert browser.post(server.url + "/auth/refresh", headers=page).status_code == 200
    for headers in ({"X-Parley-Cookie": "1"}, {**page, "Origin": "http://127.0.0.1:1"}):
        assert_problem(browser.post(server.url + "/auth/refresh", headers=headers), 403, "forbidden")
    assert browser.post(server.url + "/auth/refresh", json={}).status_code == 401, "without the header no cookie counts"
    token = browser.post(server.url + "/auth/refresh", headers=page).json()["accessToken"]
    out = browser.post(server.url + "/auth/logout", headers={**page, "Authorization": f"Bearer {token}"})
    assert out.status_code == 204 and "parley_refresh" not in browser.cookies


def test_foreign_pages_are_refused_unless_configured(start_server):
    friend, stranger = "https://friend.example", "https://stranger.example"
    server = start_server(CORS_ORIGINS=friend)
    alice = server.person("alice")
    assert_problem(alice.get("/auth/me", headers={"Origin": stranger}), 403, "forbidden")
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert_problem(server.request("OPTIONS", "/messages", headers={"Origin": stranger, **preflight}), 403, "forbidden")
    allowed = server.request("OPTIONS", "/messages", headers={"Origin": friend, **preflight})
    assert allowed.status_code == 204 and allowed.headers["Access-Control-Allow-Origin"] == friend
    assert "authorization" in allowed.headers["Access-Control-Allow-Headers"]
    for answer in (alice.get("/auth/me", headers={"Origin": friend}), alice.get("/users/x", headers={"Origin": friend})):
        assert answer.headers["Access-Control-Allow-Origin"] == friend and answer.headers["Vary"] == "Origin"
    assert alice.get("/auth/me", headers={"Origin": server.url}).status_code == 200
    address = server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    for origin in (friend, server.url):
        websocket.create_connection(address, origin=origin).close()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(address, origin=stranger)
    assert refused.value.status_code == 403


# --- Somebody else's

def test_somebody_elses_ids_show_nothing(server, people):
    alice, bob, eve = people("alice", "bob", "eve")
    conversation = alice.direct(bob)
    message = alice.send(conversation, "between us")["id"]
    upload = alice.upload(b"a secret file")["id"]
    other = eve.direct(bob)
    requests_of_eve = [
        ("GET", f"/conversations/{conversation}", None), ("PATCH", f"/conversations/{conversation}", {"title": "mine"}),
        ("POST", f"/conversations/{conversation}/join", None), ("POST", f"/conversations/{conversation}/leave", None),
        ("GET", f"/conversations/{conversation}/members", None),
        ("POST", f"/conversations/{conversation}/members", {"userIds": [eve.id]}),
        ("PATCH", f"/conversations/{conversation}/members/{bob.id}", {"role": "admin"}),
        ("DELETE", f"/conversations/{conversation}/members/{bob.id}", None),
        ("GET", f"/messages?conversationId={conversation}", None),
        ("GET", f"/messages?conversationId={conversation}&sinceRevision=0", None),
        ("GET", f"/messages/{message}", None), ("PATCH", f"/messages/{message}", {"text": "x"}),
        ("DELETE", f"/messages/{message}", None), ("PUT", f"/messages/{message}/reactions/%F0%9F%91%8D", None),
        ("POST", f"/messages/{message}/report", {"reason": "because"}),
        ("GET", f"/upload/{upload}", None), ("GET", f"/upload/{upload}/file", None), ("DELETE", f"/upload/{upload}", None),
        ("GET", f"/messages/search?q=us&conversationId={conversation}", None),
    ]
    for method, path, body in requests_of_eve:
        answer = eve.request(method, path, **({"json": body} if body is not None else {}))
        if "search" in path and answer.status_code == 200:
            assert answer.json()["messages"] == []
            continue
        assert answer.status_code in (403, 404), (method, path, answer.status_code, answer.text)
        assert "between us" not in answer.text and "secret" not in answer.text
    with eve.connect() as device:
        for event, payload in [
            ("message:send", {"conversationId": conversation, "text": "x"}),
            ("message:send", {"conversationId": other, "text": "x", "replyTo": message}),
            ("message:send", {"conversationId": other, "text": "x", "attachments": [upload]}),
            ("message:edit", {"messageId": message, "text": "x"}), ("message:delete", {"messageId": message}),
            ("message:react", {"messageId": message, "emoji": "👍", "add": True}),
            ("message:read", {"conversationId": conversation, "seq": 1}),
            ("message:delivered", {"conversationId": conversation, "seq": 1}),
            ("typing", {"conversationId": conversation, "active": True}),
            ("conversation:join", {"conversationId": conversation}),
            ("conversation:leave", {"conversationId": conversation}),
        ]:
            refused = device.emit(event, payload)
            assert refused["ok"] is False, event
            assert refused["error"]["code"] in ("not_found", "forbidden", "not_a_member", "validation_failed"), refused
        assert conversation not in str(device.emit("sync", {"known": {conversation: 0}})["conversations"])
    assert bob.get(f"/messages/{message}").json()["message"]["text"] == "between us"


# --- Limits

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
            answers = []
            done = threading.Semaphore(0)
            for n in range(count):
                device.client.emit(event, payload(n), callback=lambda a: (answers.append(a), done.release()))
            for _ in range(count):
                assert done.acquire(timeout=30), event
            refused = [a for a in answers if not a["ok"]]
            assert refused and len(refused) < count, event
            assert {a["error"]["code"] for a in refused} == {"rate_limited"}
            assert all(a["error"]["retryAfter"] >= 1 for a in refused)
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: alice.post("/messages", json={"conversationId": conversation, "text": "x"}), range(60)))
        uploads = list(pool.map(lambda n: bob.post("/upload", files={"file": (f"{n}.txt", b"x")}), range(130)))
    for flood in (sent, uploads):
        refused = [a for a in flood if a.status_code != 201]
        # The user's events have spent what the requests would have: it is one bucket.
        assert refused and (len(refused) < len(flood) or flood is sent)
        for answer in refused:
            assert_problem(answer, 429, "rate_limited")
            assert int(answer.headers["Retry-After"]) >= 1
    assert bob.send(conversation, "others go on")["text"] == "others go on"


def test_registrations_are_limited_by_address(start_server):
    server = start_server(RATE_LIMITS="on")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda n: server.request("POST", "/auth/register", json={"username": f"flood{n}", "password": "short"}), range(80)))
    refused = [a for a in answers if a.status_code == 429]
    assert 10 <= len(refused) < 80 and all("Retry-After" in a.headers for a in refused)


def test_what_is_off_is_said(start_server):
    server = start_server(RATE_LIMITS="off")
    assert "RATE_LIMITS is off" in server.log


@pytest.mark.parametrize("value", ["nonsense", "10.0.0.0/33", "10.0.0.0/x", "1.2.3"])
def test_a_proxy_that_is_none_stops_the_start(start_server, value):
    with pytest.raises(RuntimeError, match="TRUSTED_PROXIES"):
        start_server(TRUSTED_PROXIES=value)


# --- Secrets

def test_no_secret_is_ever_logged(start_server):
    secret = "a-jwt-secret-that-must-not-be-logged-0123"
    server = start_server(LOG_LEVEL="trace", JWT_SECRET=secret)
    alice = server.person("alice", password="a password never to be logged")
    upload = alice.upload(b"\x89PNG\r\n\x1a\n not a picture", "x.png")
    server.request("GET", upload["url"])
    server.request("GET", upload["url"].replace("token=", "token=x"))
    log_in(server, alice.username, "a wrong password, also secret")
    refreshed = refresh(server, alice.session["refreshToken"]).json()
    with alice.connect(), alice.connect(transports=("polling",)):
        pass
    alice.request("GET", f"/auth/me?token={alice.token}")
    server.request("POST", "/auth/register", data=b'{"username":"broken","password":"half a secret')
    server.stop()
    log = server.log_file.read_text()
    assert "parley" in log
    link_token = upload["url"].split("token=")[1]
    for text in (secret, "never to be logged", "also secret", "half a secret", alice.token, link_token,
                 alice.session["refreshToken"], refreshed["refreshToken"], refreshed["accessToken"]):
        assert text not in log, text
