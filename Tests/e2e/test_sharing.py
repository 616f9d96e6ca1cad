"""What was shared in a conversation: pictures, files and links; and what their senders say about them."""

import pytest

from parley import assert_problem
from pictures import picture


def shared(person, conversation, kind="media", limit=50):
    """All items, page by page."""
    items, query = [], f"kind={kind}&limit={limit}"
    while True:
        answer = person.get(f"/conversations/{conversation}/media?{query}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if "nextCursor" not in page:
            return items
        query = f"kind={kind.split('&')[0]}&limit={limit}&cursor={page['nextCursor']}"


def names(items):
    return [item["attachment"]["name"] for item in items]


def test_pictures_files_and_links_come_newest_first(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob)
    pictures = [alice.upload(picture("png", 8, 8 + n), f"{n}.png")["id"] for n in range(5)]
    text = alice.upload(b"words", "notes.txt")["id"]
    alice.send(group, "look at https://chat.example/a.", attachments=[pictures[0], text, pictures[1]])
    bob.send(group, "nothing")
    for upload in pictures[2:]:
        last = alice.send(group, "", attachments=[upload])
    for limit in (1, 2, 3, 50):
        assert names(shared(bob, group, limit=limit)) == ["4.png", "3.png", "2.png", "1.png", "0.png"]
    assert names(shared(bob, group, "files")) == ["notes.txt"]
    link, = shared(bob, group, "links")
    assert link["links"] == ["https://chat.example/a"] and link["seq"] == 1 and "attachment" not in link
    newest = shared(bob, group)[0]
    assert newest["messageId"] == last["id"] and newest["seq"] == last["seq"] and newest["createdAt"] == last["createdAt"]
    assert newest["sender"]["username"] == alice.username and newest["attachment"] == last["attachments"][0]
    assert server.request("GET", newest["attachment"]["url"]).status_code == 200
    assert bob.get(f"/conversations/{group}/media").json() == bob.get(f"/conversations/{group}/media?kind=media").json()
    # What is deleted, removed or taken back is gone; what a moderator restores is back.
    assert alice.request("DELETE", f"/messages/{last['id']}").status_code == 200
    server.sql("UPDATE uploads SET removed_at = now() WHERE id = %s", pictures[3])
    assert names(shared(bob, group)) == ["2.png", "1.png", "0.png"]
    server.sql("UPDATE messages SET deleted_at = now() WHERE id = %s", link["messageId"])
    assert names(shared(bob, group)) == ["2.png"] and shared(bob, group, "links") == shared(bob, group, "files") == []
    server.sql("UPDATE messages SET deleted_at = NULL WHERE id = %s", link["messageId"])
    assert names(shared(bob, group)) == ["2.png", "1.png", "0.png"]
    assert alice.request("PATCH", f"/messages/{link['messageId']}", json={"text": "none"}).status_code == 200
    assert shared(bob, group, "links") == []
    # Only members see any of it, as with the messages themselves.
    assert_problem(carol.get(f"/conversations/{group}/media"), 404, "not_found")
    assert_problem(server.request("GET", f"/conversations/{group}/media"), 401, "unauthenticated")
    assert_problem(carol.get(f"/conversations/{alice.group(visibility='public')}/media"), 403, "not_a_member")


def test_a_viewer_goes_on_from_a_message_both_ways(people):
    alice, = people("alice")
    group = alice.group()
    for n in range(5):
        alice.send(group, "", attachments=[alice.upload(picture("png", 8, 8 + n), f"{n}.png")["id"]])
    for limit in (1, 2, 50):
        assert names(shared(alice, group, "media&before=3", limit)) == ["1.png", "0.png"]
        assert names(shared(alice, group, "media&after=3", limit)) == ["3.png", "4.png"]


@pytest.mark.parametrize("query, field", [
    ("kind=pictures", "kind"), ("cursor=nonsense", "cursor"), ("cursor=-1-0", "cursor"), ("limit=0", "limit"),
    ("before=-1", "before"), ("after=x", "after"), ("before=1&after=2", "cursor"), ("after=1&cursor=1-0", "cursor")])
def test_other_queries_are_refused(server, people, query, field):
    alice, = people("alice")
    assert_problem(alice.get(f"/conversations/{alice.group()}/media?{query}"), 400, "malformed_request", field=field)


def test_what_a_sender_says_about_a_picture_is_for_everybody(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob)
    one, other = (alice.upload(picture("png", 8, 8 + n), f"{n}.png")["id"] for n in range(2))
    with alice.connect() as a, bob.connect() as b:
        attachments = [{"id": one, "alt": "A calm sea 🌊"}, other]
        by_rest = alice.send(group, "rest", attachments=attachments, clientId="1")
        # Others may send the same uploads again; the words belong to the message.
        by_socket = a.send(group, "socket", attachments=[one, {"id": other, "alt": "A boat"}])
        for message, expected in ((by_rest, ["A calm sea 🌊", None]), (by_socket, [None, "A boat"])):
            assert [upload.get("alt") for upload in message["attachments"]] == expected
            received = b.wait_for("message:received", lambda m: m["id"] == message["id"])
            assert [upload.get("alt") for upload in received["attachments"]] == expected
            assert bob.get(f"/messages/{message['id']}").json()["message"]["attachments"] == received["attachments"]
        assert [item["attachment"].get("alt") for item in shared(bob, group)] == ["A boat", None, None, "A calm sea 🌊"]
        # The same request again is the same message; other words make it another request.
        assert alice.send(group, "rest", attachments=attachments, clientId="1")["id"] == by_rest["id"]
        other_words = [{"id": one, "alt": "A stormy sea"}, other]
        refused = alice.post(
            "/messages", json={"conversationId": group, "text": "rest", "attachments": other_words, "clientId": "1"})
        assert_problem(refused, 409, "conflict")
        edited = alice.request("PATCH", f"/messages/{by_rest['id']}", json={"text": "edited"}).json()["message"]
        assert edited["attachments"][0]["alt"] == "A calm sea 🌊"
        updated = b.wait_for("message:updated", lambda m: m["id"] == by_rest["id"])
        assert updated["attachments"][0]["alt"] == "A calm sea 🌊"
    assert "alt" not in alice.get(f"/upload/{one}").json()
    assert bob.get("/messages/search?q=stormy").json()["messages"] == bob.get("/messages/search?q=calm").json()["messages"] == []
    assert server.sql("SELECT alts FROM moderation.messages WHERE id = %s", by_rest["id"]) == [(["A calm sea 🌊"],)]
    assert alice.request("DELETE", f"/messages/{by_rest['id']}").status_code == 200
    assert server.sql("SELECT count(*) FROM attachments WHERE message_id = %s AND alt IS NOT NULL", by_rest["id"]) == [(0,)]


@pytest.mark.parametrize("attachment", [
    lambda id: {"id": id, "alt": "x" * 1001}, lambda id: {"id": id, "alt": "a\0b"}, lambda id: {"id": id, "alt": 5},
    lambda id: {"alt": "no id"}, lambda id: {"id": 5}, lambda id: 5, lambda id: [id], lambda id: {"id": "nonsense"}])
def test_other_attachments_are_refused_by_rest_and_socket_alike(server, people, attachment):
    alice, = people("alice")
    group = alice.group()
    request = {"conversationId": group, "text": "x", "attachments": [attachment(alice.upload(b"x")["id"])]}
    assert_problem(alice.post("/messages", json=request), 422, "validation_failed", field="attachments")
    with alice.connect() as device:
        error = device.emit("message:send", request)["error"]
        assert (error["code"], error["field"]) == ("validation_failed", "attachments")
