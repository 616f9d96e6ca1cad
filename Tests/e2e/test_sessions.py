"""Access tokens, refresh tokens and sessions (claims 17 to 19)."""

import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import socketio

from accounts import log_in, me, refresh
from parley import PASSWORD, assert_problem, until


def signed(header, payload, key, algorithm=hashlib.sha256):
    """A hand-made JWT (RFC 7515, section 3.1), which can be wrong in any way."""
    def part(value):
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=")
    content = part(header) + b"." + part(payload)
    signature = hmac.new(key, content, algorithm).digest() if key else b""
    return (content + b"." + part(signature)).decode()


def payload_of(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


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


def test_tokens_of_the_previous_secret_are_still_good(start_server):
    old, new = "o" * 40, "n" * 40
    server = start_server(JWT_SECRET=old)
    alice = server.person("alice")
    upload = alice.upload(b"a file")
    server.stop()
    server.settings.update(JWT_SECRET=new, JWT_SECRET_PREVIOUS=old)
    server.start()
    assert me(server, alice.token).status_code == 200
    assert server.request("GET", upload["url"]).content == b"a file"
    url = alice.get(f"/upload/{upload['id']}").json()["url"]
    assert url != upload["url"], "signed with the new secret"
    fresh = refresh(server, alice.session["refreshToken"]).json()["accessToken"]
    assert signed_with(fresh, new) and not signed_with(fresh, old)
    server.stop()
    del server.settings["JWT_SECRET_PREVIOUS"]
    server.start()
    assert_problem(me(server, alice.token), 401, "unauthenticated")
    assert me(server, fresh).status_code == 200
    assert_problem(server.request("GET", upload["url"]), 401, "unauthenticated")
    assert server.request("GET", url).status_code == 200


def signed_with(token, secret):
    content, signature = token.rsplit(".", 1)
    expected = hmac.new(secret.encode(), content.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(expected).rstrip(b"=").decode() == signature


# --- Refreshing

def age(server, person, seconds):
    """Lets that much time pass for a person's spent tokens."""
    server.sql(
        "UPDATE refresh_tokens SET spent_at = spent_at - %s * interval '1 second' WHERE session_id IN "
        "(SELECT id FROM sessions WHERE user_id = %s)", seconds, person.id)


def test_refreshing_rotates_and_all_who_do_it_at_once_get_the_same(server, people):
    [alice] = people("alice")
    first = alice.session["refreshToken"]
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: refresh(server, first), range(40)))
    assert [a.status_code for a in answers] == [200] * 40
    [second] = {a.json()["refreshToken"] for a in answers}
    assert second != first
    live = "SELECT count(*) FROM refresh_tokens WHERE spent_at IS NULL AND session_id IN (SELECT id FROM sessions WHERE user_id = %s)"
    assert server.sql(live, alice.id) == [(1,)], "one live branch"
    # One tab goes on. The other comes within the grace period and catches up.
    third = refresh(server, second).json()["refreshToken"]
    assert refresh(server, first).json()["refreshToken"] == second
    assert refresh(server, second).json()["refreshToken"] == third
    assert server.sql(live, alice.id) == [(1,)]
    assert {me(server, a.json()["accessToken"]).status_code for a in answers} == {200}


def test_a_lost_answer_ends_no_session(server, people):
    [alice] = people("alice")
    spent = alice.session["refreshToken"]
    lost = refresh(server, spent).json()["refreshToken"]
    age(server, alice, 3600)
    again = refresh(server, spent)
    assert again.status_code == 200 and again.json()["refreshToken"] == lost
    assert refresh(server, lost).status_code == 200


@pytest.mark.parametrize("faster", ["thief", "owner"])
def test_a_stolen_token_ends_the_session_whoever_is_faster(server, people, faster):
    [alice] = people("alice")
    stolen = alice.session["refreshToken"]
    other = log_in(server, alice.username).json()
    second = refresh(server, stolen).json()
    third = refresh(server, second["refreshToken"]).json()
    with alice.connect(token=third["accessToken"]) as device, alice.connect(token=other["accessToken"]) as elsewhere:
        age(server, alice, 11)
        # The slower one comes with the token that both had.
        assert_problem(refresh(server, stolen), 401, "session_revoked")
        assert device.wait_for("session:revoked") == {"code": "session_revoked"}
        device.wait_for("disconnect")
        for token in (second, third):
            assert_problem(refresh(server, token["refreshToken"]), 401, "session_revoked")
            assert_problem(me(server, token["accessToken"]), 401, "session_revoked")
        assert me(server, other["accessToken"]).status_code == 200, "another session of the same user goes on"
        assert elsewhere.all("session:revoked") == []


def test_successors_that_the_version_before_made_are_good(server, people):
    """The previous version runs beside this one for a while and makes successors at random."""
    [alice] = people("alice")
    spent, random = alice.session["refreshToken"], "of the version before"
    server.sql("UPDATE refresh_tokens SET spent_at = now() WHERE hash = sha256(%s::bytea)", spent)
    server.sql(
        "INSERT INTO refresh_tokens (hash, session_id) SELECT sha256(%s::bytea), session_id FROM refresh_tokens "
        "WHERE hash = sha256(%s::bytea)", random, spent)
    assert refresh(server, spent).status_code == 200, "within the grace"
    assert refresh(server, random).status_code == 200


def test_a_new_secret_keeps_the_successors_of_the_previous_one(start_server):
    old, new = "o" * 40, "n" * 40
    server = start_server(JWT_SECRET=old)
    alice = server.person("alice")
    spent = alice.session["refreshToken"]
    lost = refresh(server, spent).json()["refreshToken"]
    server.stop()
    server.settings.update(JWT_SECRET=new, JWT_SECRET_PREVIOUS=old)
    server.start()
    assert refresh(server, spent).json()["refreshToken"] == lost
    assert refresh(server, lost).status_code == 200


def test_tokens_that_are_none(server):
    for token in ("", "nonsense", "\0", "ü", "x" * 10_000, "e" + "\u0301\u0323" * 10_000):
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

def log_out(server, **options):
    return server.request("POST", "/auth/logout", **options)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def expired(server, person):
    good = payload_of(person.token)
    key = (server.storage / "jwt-secret").read_bytes()
    return signed({"alg": "HS256", "typ": "JWT"}, {**good, "exp": time.time() - 3600}, key)


def test_log_out_works_with_an_expired_token(server, people):
    [alice] = people("alice")
    token = expired(server, alice)
    assert_problem(me(server, token), 401, "token_expired")
    with alice.connect() as device:
        assert log_out(server, headers=bearer(token)).status_code == 204
        device.wait_for("disconnect")
    assert_problem(refresh(server, alice.session["refreshToken"]), 401, "session_revoked")
    assert log_out(server, headers=bearer(token)).status_code == 204, "again, where the answer was lost"
    forged = signed({"alg": "HS256"}, payload_of(token), b"x" * 32)
    for headers in ({}, bearer(forged), bearer("nonsense")):
        assert_problem(log_out(server, headers=headers), 401, "unauthenticated")


def test_log_out_works_with_a_refresh_token(server, people):
    alice, bob = people("alice", "bob")
    spent = alice.session["refreshToken"]
    session = refresh(server, spent).json()
    assert log_out(server, json={"refreshToken": spent}).status_code == 204
    assert_problem(me(server, session["accessToken"]), 401, "session_revoked")
    assert_problem(refresh(server, session["refreshToken"]), 401, "session_revoked")
    for token in ("nonsense", "x" * 1000):
        assert_problem(log_out(server, json={"refreshToken": token}), 401, "unauthenticated")
    assert bob.get("/auth/me").status_code == 200


def refresh_cookie(server):
    return f"parley_refresh_{server.port}"


def page(server, person):
    """A browser in which a person has signed in, and the requests of its page."""
    browser = requests.Session()
    browser.headers.update({"X-Parley-Cookie": "1", "Origin": server.url})
    answer = browser.post(server.url + "/auth/login", json={"username": person.username, "password": PASSWORD})
    assert answer.status_code == 200 and refresh_cookie(server) in browser.cookies
    return browser, answer.json()["accessToken"]


def test_log_out_takes_the_cookie_away_whatever_happens(server, people):
    [alice] = people("alice")
    for headers in (bearer("nonsense"), bearer(expired(server, alice)), {}):
        browser, token = page(server, alice)
        assert browser.post(server.url + "/auth/logout", headers=headers).status_code == 204, "the cookie says who it is"
        assert refresh_cookie(server) not in browser.cookies
        assert_problem(me(server, token), 401, "session_revoked")
    browser, token = page(server, alice)
    browser.cookies.set(refresh_cookie(server), "nonsense", path="/auth", domain="127.0.0.1")
    refused = browser.post(server.url + "/auth/logout")
    assert_problem(refused, 401, "unauthenticated")
    assert f"{refresh_cookie(server)}=;" in refused.headers["Set-Cookie"]
    browser, token = page(server, alice)
    server.sql("ALTER TABLE sessions RENAME TO sessions_away")
    try:
        failed = browser.post(server.url + "/auth/logout", headers=bearer(token))
    finally:
        server.sql("ALTER TABLE sessions_away RENAME TO sessions")
    assert failed.status_code >= 500 and refresh_cookie(server) not in browser.cookies
    assert log_out(server, headers=bearer(token)).status_code == 204, "the page kept the token, and tells it again"
    browser, token = page(server, alice)
    foreign = browser.post(server.url + "/auth/logout", headers={"Origin": "http://127.0.0.1:1"})
    assert_problem(foreign, 403, "forbidden")
    assert "Set-Cookie" not in foreign.headers and me(server, token).status_code == 200


def test_a_page_that_signs_in_anew_leaves_the_session_of_before(server, people):
    alice, bob = people("alice", "bob")
    browser, token = page(server, alice)
    answer = browser.post(server.url + "/auth/login", json={"username": bob.username, "password": PASSWORD})
    assert answer.status_code == 200
    assert_problem(me(server, token), 401, "session_revoked")
    assert me(server, answer.json()["accessToken"]).status_code == 200
    assert alice.get("/auth/me").status_code == 200, "her other session"


def test_the_session_used_least_lately_ends_for_one_too_many(server, people):
    alice, bob = people("alice", "bob")
    second = log_in(server, alice.username).json()
    server.sql(
        "INSERT INTO sessions (id, user_id, expires_at, last_used_at) "
        "SELECT gen_random_uuid(), %s, now() + interval '1 day', clock_timestamp() FROM generate_series(1, 48)", alice.id)
    count = "SELECT count(*) FROM sessions WHERE user_id = %s AND revoked_at IS NULL"
    assert server.sql(count, alice.id) == [(50,)]
    with alice.connect() as oldest, bob.connect() as stranger:
        assert log_in(server, alice.username).status_code == 200
        oldest.wait_for("session:revoked")
        assert_problem(alice.get("/auth/me"), 401, "session_revoked")
        assert stranger.all("session:revoked") == [] and bob.get("/auth/me").status_code == 200
    # The second session would now be next if it were not used.
    assert refresh(server, second["refreshToken"]).status_code == 200
    assert log_in(server, alice.username).status_code == 200
    assert me(server, second["accessToken"]).status_code == 200
    assert server.sql(count, alice.id) == [(50,)]


def test_log_out_closes_the_sockets_of_that_session(server, people):
    [alice] = people("alice")
    other = log_in(server, alice.username).json()
    with alice.connect() as device, alice.connect(token=other["accessToken"]) as elsewhere:
        assert alice.post("/auth/logout").status_code == 204
        device.wait_for("disconnect")
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
        there.wait_for("disconnect")
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


def test_sessions_and_tokens_that_ended_long_ago_are_forgotten(start_server):
    server = start_server()
    people = {name: server.person(name) for name in ("expired", "revoked", "lately", "living")}
    ids = {name: person.get("/auth/sessions").json()["sessions"][0]["id"] for name, person in people.items()}
    for name in ("revoked", "lately"):
        assert people[name].post("/auth/logout").status_code == 204
    tokens = [people["living"].session["refreshToken"]]
    for _ in range(2):
        tokens.append(refresh(server, tokens[-1]).json()["refreshToken"])
    old = "now() - interval '31 days'"
    server.sql(f"UPDATE sessions SET created_at = {old}, last_used_at = {old}")
    server.sql(f"UPDATE sessions SET expires_at = {old} WHERE id = %s", ids["expired"])
    server.sql(f"UPDATE sessions SET revoked_at = {old} WHERE id = %s", ids["revoked"])
    first = hashlib.sha256(tokens[0].encode()).digest()
    server.sql(f"UPDATE refresh_tokens SET spent_at = {old} WHERE hash = %s", first)
    # More than one deletion takes.
    server.sql(
        f"INSERT INTO refresh_tokens (hash, session_id, spent_at) SELECT sha256(n::text::bytea), %s, {old} "
        "FROM generate_series(1, 2500) n", ids["living"])
    server.stop()
    server.restart()
    until(lambda: server.sql("SELECT count(*) FROM refresh_tokens") == [(3,)], "the sweep")
    assert {id for id, in server.sql("SELECT id::text FROM sessions")} == {ids["lately"], ids["living"]}
    assert_problem(refresh(server, tokens[0]), 401, "unauthenticated")
    assert refresh(server, tokens[2]).status_code == 200
