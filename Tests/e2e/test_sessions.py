"""Sessions: how they end, and what ends with them (claims 17 to 19)."""

import hashlib
import time

import pytest
import requests
import socketio

from accounts import log_in, me, refresh
from parley import PASSWORD, assert_problem, until
from test_tokens import payload_of, signed


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
