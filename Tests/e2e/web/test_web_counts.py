"""The numbers of unread messages in a page are those of the database: in the list, and in the title."""

import pytest


@pytest.fixture
def away(screen, server):
    """Ana, whose page shows the list, and Bo, who has sent her ten messages."""
    ana, bo = server.people("ana", "bo")
    conversation = bo.direct(ana)
    sent = [bo.send(conversation, f"message {number}") for number in range(1, 11)]
    page = screen(ana)
    page.comes_to_agree()
    assert page.shown()[1] == 10
    return ana, bo, conversation, sent, page


def test_what_was_read_elsewhere_is_not_unread_here(away):
    ana, _, conversation, _, page = away
    with ana.connect() as phone:
        assert phone.emit("message:read", {"conversationId": conversation, "seq": 3})["ok"]
        page.comes_to_agree()
        assert page.shown()[1] == 7
        page.cut()
        assert phone.emit("message:read", {"conversationId": conversation, "seq": 5})["ok"]
        page.mend()
        page.comes_to_agree()
        assert page.shown()[1] == 5
        page.cut()
        assert phone.emit("message:read", {"conversationId": conversation, "seq": 10})["ok"]
        page.mend()
        page.comes_to_agree()
        assert page.shown() == ({}, 0)


def test_deleted_messages_are_not_unread(away):
    _, bo, _, sent, page = away
    for message in sent[:3]:
        assert bo.request("DELETE", f"/messages/{message['id']}").ok
    page.comes_to_agree()
    assert page.shown()[1] == 7
    page.cut()
    for message in sent[3:]:
        assert bo.request("DELETE", f"/messages/{message['id']}").ok
    page.mend()
    page.comes_to_agree()
    assert page.shown() == ({}, 0)


def test_a_restored_message_is_unread_again(away, server):
    _, _, _, sent, page = away
    server.sql("SELECT moderation.remove_message(%s, 'a mistake')", sent[4]["id"])
    page.comes_to_agree()
    assert page.shown()[1] == 9
    server.sql("SELECT moderation.restore_message(%s)", sent[4]["id"])
    page.comes_to_agree()
    assert page.shown()[1] == 10


def test_ones_own_messages_and_edits_are_not_unread(away):
    ana, bo, conversation, sent, page = away
    with ana.connect() as phone:
        phone.send(conversation, "from my phone")
    assert bo.request("PATCH", f"/messages/{sent[0]['id']}", json={"text": "changed"}).ok
    bo.send(conversation, "one more")
    page.comes_to_agree()
    assert page.shown()[1] == 11


def test_who_is_removed_and_added_again_counts_from_there(screen, server):
    ana, bo = server.people("ana", "bo")
    bo.send(bo.direct(ana), "we know each other")
    ana.send(ana.direct(bo), "yes")
    group = bo.group(ana, title="Hikers")
    page = screen(ana)
    for number in range(4):
        bo.send(group, f"before {number}")
    page.comes_to_agree()
    page.cut()
    assert bo.request("DELETE", f"/conversations/{group}/members/{ana.id}").ok
    bo.send(group, "unseen")
    assert bo.post(f"/conversations/{group}/members", json={"userIds": [ana.id]}).ok
    bo.send(group, "after")
    page.mend()
    page.comes_to_agree()
    bo.send(group, "and live")
    page.comes_to_agree()
