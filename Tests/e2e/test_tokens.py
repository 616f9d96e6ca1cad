"""Access tokens and refresh tokens (claims 17 to 19)."""

import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import socketio

from accounts import log_in, me, refresh
from parley import PATIENCE, assert_problem


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
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: refresh(server, first), range(20)))
    assert [a.status_code for a in answers] == [200] * 20
    [second] = {a.json()["refreshToken"] for a in answers}
    assert second != first
    live = "SELECT count(*) FROM refresh_tokens WHERE spent_at IS NULL AND session_id IN (SELECT id FROM sessions WHERE user_id = %s)"
    assert server.sql(live, alice.id) == [(1,)], "one live branch"
    # One tab goes on. The other comes within the grace period and catches up.
    third = refresh(server, second).json()["refreshToken"]
    # However long that took.
    age(server, alice, -PATIENCE)
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
