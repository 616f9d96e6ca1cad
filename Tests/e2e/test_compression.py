"""Answers are compressed where that is safe and worth it."""

import gzip
import http.client
import json

from parley import PASSWORD, PATIENCE


def ask(server, path, headers, method="GET", body=None):
    """A request as it is on the wire: the answer's status, headers and bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def test_lists_are_compressed_for_clients_that_accept_it(server, people):
    alice, bob = people("alice", "bob")
    for number in range(30):
        alice.send(alice.group(bob, title=f"Group {number}"), "hello")
    token = {"Authorization": f"Bearer {alice.token}"}
    status, headers, plain = ask(server, "/conversations", token)
    assert status == 200 and "Content-Encoding" not in headers and "Accept-Encoding" in headers["Vary"]
    assert int(headers["Content-Length"]) == len(plain) > 20_000
    status, headers, packed = ask(server, "/conversations", {**token, "Accept-Encoding": "br, gzip"})
    assert status == 200 and headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in headers["Vary"]
    assert int(headers["Content-Length"]) == len(packed) < len(plain) / 4
    assert json.loads(gzip.decompress(packed)) == json.loads(plain)
    assert headers["Cache-Control"] == "no-store" and headers["Content-Type"] == "application/json"
    # As with GET, without the content.
    _, head, nothing = ask(server, "/conversations", {**token, "Accept-Encoding": "gzip"}, "HEAD")
    assert head["Content-Encoding"] == "gzip" and head["Content-Length"] == headers["Content-Length"] and not nothing
    for refusing in ("gzip;q=0", "*;q=0", "deflate"):
        _, headers, again = ask(server, "/conversations", {**token, "Accept-Encoding": refusing})
        assert "Content-Encoding" not in headers and len(again) == len(plain)
    # What fits into a packet stays as it is.
    _, headers, _ = ask(server, "/auth/me", {**token, "Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in headers and "Accept-Encoding" not in (headers["Vary"] or "")


def test_a_hundred_groups_of_a_thousand_people_take_little(server, people):
    alice, = people("alice")
    groups = [alice.group(title=f"Group {number}") for number in range(100)]
    for number, group in enumerate(groups):
        alice.send(group, f"message {number} of somebody who has something to say")
    server.sql(
        "INSERT INTO users (id, username, display_name)"
        " SELECT gen_random_uuid(), 'crowd' || n, 'Person ' || n FROM generate_series(1, 999) n")
    server.sql(
        "INSERT INTO members (conversation_id, user_id, role, joined_at) SELECT c.id, u.id, 'member', clock_timestamp()"
        " FROM conversations c, users u WHERE c.id = ANY(%s) AND u.username LIKE 'crowd%%'", groups)
    headers = {"Authorization": f"Bearer {alice.token}", "Accept-Encoding": "gzip"}
    _, _, packed = ask(server, "/conversations?limit=100&members=3", headers)
    assert len(packed) <= 60_000, len(packed)
    listed = json.loads(gzip.decompress(packed))["conversations"]
    assert len(listed) == 100
    for conversation in listed:
        assert len(conversation["members"]) == 3 and conversation["memberCount"] == 1000
        assert conversation["me"]["role"] == "owner" and conversation["lastMessage"]["text"]
    # What is not asked for stays as it was.
    assert len(ask(server, "/conversations?limit=100&members=0", headers)[2]) < len(packed)
    assert all(len(c["members"]) == 50 for c in alice.get("/conversations?limit=100").json()["conversations"])
    assert all(len(c["members"]) == 50 for c in alice.get("/conversations?limit=2&members=99").json()["conversations"])
    for wrong in ("-1", "x", ""):
        assert alice.get(f"/conversations?members={wrong}").json()["code"] == "malformed_request"


def test_answers_with_tokens_are_not(server, people):
    alice, = people("alice")
    # So much about oneself that the answer is large enough.
    assert alice.request("PATCH", "/auth/me", json={"about": "x" * 500, "displayName": "y" * 64}).ok
    accepting = {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
    body = json.dumps({"username": alice.username, "password": PASSWORD})
    _, headers, content = ask(server, "/auth/login", accepting, "POST", body)
    assert len(content) > 1024 and json.loads(content)["accessToken"]
    assert "Content-Encoding" not in headers and headers["Cache-Control"] == "no-store, no-transform"
    body = json.dumps({"refreshToken": json.loads(content)["refreshToken"]})
    _, headers, content = ask(server, "/auth/refresh", accepting, "POST", body)
    assert json.loads(content)["accessToken"] and "Content-Encoding" not in headers


def test_files_and_their_parts_are_sent_as_they_are(server, people):
    alice, = people("alice")
    text = b"the same words again and again\n" * 1000
    url = alice.upload(text, "notes.txt")["url"]
    _, plain, content = ask(server, url, {})
    _, headers, packed = ask(server, url, {"Accept-Encoding": "gzip"})
    assert content == packed == text and "Content-Encoding" not in headers and headers["ETag"] == plain["ETag"]
    status, headers, part = ask(server, url, {"Accept-Encoding": "gzip", "Range": "bytes=100-4099"})
    assert status == 206 and part == text[100:4100] and "Content-Encoding" not in headers
    status, _, nothing = ask(server, url, {"Accept-Encoding": "gzip", "If-None-Match": plain["ETag"]})
    assert status == 304 and not nothing


def test_the_description_is_compressed(server):
    _, headers, packed = ask(server, "/openapi.yaml", {"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip" and gzip.decompress(packed) == ask(server, "/openapi.yaml", {})[2]
