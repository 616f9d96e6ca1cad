"""File URLs end minutes after somebody left the conversation in which they were shown."""

import re

import pytest

from moderation import picture
from parley import assert_problem


def urls(person, group):
    """The URLs of the files and thumbnails of the group's newest message, as `person` sees them."""
    newest = person.get(f"/messages?conversationId={group}&limit=1").json()["messages"][0]
    return [url for u in newest["attachments"] for url in (u["url"], *(t["url"] for t in u["thumbnails"]))]


def pass_minutes(server, group):
    """Acts as if five minutes had passed since the last departure, so the next epoch has begun."""
    server.sql(
        """UPDATE conversations SET url_epoch = greatest(previous_url_epoch + 1, floor(extract(epoch FROM now())) - 1)
            WHERE id = %s""", group)


GOINGS = {
    "removed": lambda server, alice, bob, group: alice.request("DELETE", f"/conversations/{group}/members/{bob.id}"),
    "left": lambda server, alice, bob, group: bob.post(f"/conversations/{group}/leave"),
    "removed in SQL": lambda server, alice, bob, group: server.sql(
        "DELETE FROM members WHERE conversation_id = %s AND user_id = %s", group, bob.id),
}


@pytest.mark.parametrize("how", GOINGS)
def test_urls_end_minutes_after_somebody_went_and_new_ones_go_on(server, people, how):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob, carol)
    upload, mine = alice.upload(picture(), "picture.png"), bob.upload(picture(), "bob.png")
    with bob.connect() as device:
        alice.send(group, "", attachments=[upload["id"]])
        live = device.wait_for("message:received")["attachments"][0]
    held = urls(bob, group)
    shown = bob.get(f"/upload/{upload['id']}").json()["url"]
    assert len(held) > 1 and live["url"] == held[0] == shown == urls(carol, group)[0]
    GOINGS[how](server, alice, bob, group)
    # The former member can fetch nothing by identity. What others have on their screens does not break at once.
    for path in (*held, f"/upload/{upload['id']}"):
        bare = path.split("?")[0]
        assert_problem(bob.get(bare), 404, "not_found")
        assert carol.get(bare).status_code == 200
    for url in held:
        answer = server.request("GET", url)
        assert answer.status_code == 200
        assert int(re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])[1]) <= 300
    assert urls(carol, group) == held, "what is signed until they end, ends with them"
    pass_minutes(server, group)
    fresh = urls(carol, group)
    assert set(fresh).isdisjoint(held)
    for url in held:
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-9"}),
                                ("GET", {"If-None-Match": "*"})):
            answer = server.request(method, url, headers=headers)
            assert answer.status_code == 401, (method, headers, answer.status_code)
        assert_problem(server.request("GET", url), 401, "token_expired")
        assert_problem(bob.get(url), 401, "token_expired")
    assert urls(carol, group) == fresh, "they stay as they are until the next one goes"
    for url in (*fresh, carol.get(f"/upload/{upload['id']}").json()["url"]):
        assert server.request("GET", url).status_code == 200
    for own in (mine["url"], bob.get(f"/upload/{mine['id']}").json()["url"], upload["url"]):
        assert server.request("GET", own).status_code == 200, "their owners' stay"


def test_urls_of_another_conversation_and_of_avatars_go_on(server, people):
    alice, bob, carol = people("alice", "bob", "carol")
    first, second = alice.group(bob), alice.group(carol)
    upload = alice.upload(picture(), "picture.png")
    for group in (first, second):
        alice.send(group, "", attachments=[upload["id"]])
    held, other = urls(bob, first), urls(carol, second)
    assert alice.request("DELETE", f"/conversations/{first}/members/{bob.id}").status_code == 204
    pass_minutes(server, first)
    assert server.request("GET", held[0]).status_code == 401
    assert server.request("GET", other[0]).status_code == 200 and urls(carol, second) == other
    avatar = alice.upload(picture(), "me.png")
    alice.request("PATCH", "/auth/me", json={"avatarUploadId": avatar["id"]})
    shown = bob.get(f"/users/{alice.id}").json()["avatar"]["url"]
    assert server.request("GET", shown).status_code == 200


def test_who_leaves_a_public_group_takes_nothing_from_its_urls(server, people):
    alice, bob = people("alice", "bob")
    group = alice.group(bob, visibility="public")
    alice.send(group, "", attachments=[alice.upload(picture(), "picture.png")["id"]])
    before = urls(alice, group)
    assert bob.post(f"/conversations/{group}/leave").status_code == 204
    assert urls(alice, group) == before


def test_urls_end_also_where_one_goes_after_the_other(server, people):
    """The second person to leave may hold URLs that were shown since the first one left."""
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    group = alice.group(bob, carol, dave)
    alice.send(group, "", attachments=[alice.upload(picture(), "picture.png")["id"]])
    held = []
    for person in (bob, carol):
        held += urls(person, group)
        with person.connect() as device:
            alice.send(group, "", attachments=[alice.upload(picture(), "picture.png")["id"]])
            held.append(device.wait_for("message:received", lambda m: m["attachments"])["attachments"][0]["url"])
        held += urls(person, group)
        assert alice.request("DELETE", f"/conversations/{group}/members/{person.id}").status_code == 204
    pass_minutes(server, group)
    for url in held:
        assert_problem(server.request("GET", url), 401, "token_expired")
    # The same again, a while later.
    later = urls(dave, group)
    assert server.request("GET", later[0]).status_code == 200
    assert alice.request("DELETE", f"/conversations/{group}/members/{dave.id}").status_code == 204
    pass_minutes(server, group)
    assert server.request("GET", later[0]).status_code == 401
    assert server.request("GET", urls(alice, group)[0]).status_code == 200


def test_a_removal_ends_no_url_sooner_than_the_one_before_it(server, people):
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    group = alice.group(bob, carol, dave)
    alice.send(group, "", attachments=[alice.upload(picture(), "picture.png")["id"]])
    shown = urls(dave, group)
    assert alice.request("DELETE", f"/conversations/{group}/members/{bob.id}").status_code == 204
    # Acts as if the next epoch began within the minute after which the one behind it would be chosen.
    server.sql("UPDATE conversations SET url_epoch = extract(epoch FROM now())::bigint + 30 WHERE id = %s", group)
    (epochs,) = server.sql("SELECT previous_url_epoch, url_epoch FROM conversations WHERE id = %s", group)
    assert alice.request("DELETE", f"/conversations/{group}/members/{carol.id}").status_code == 204
    assert server.sql("SELECT previous_url_epoch, url_epoch FROM conversations WHERE id = %s", group) == [epochs]
    assert server.request("GET", shown[0]).status_code == 200
