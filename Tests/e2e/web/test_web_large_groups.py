"""Groups of more members than a conversation lists: the first fifty are not all."""

import re
import uuid

import pytest
from playwright.sync_api import expect


@pytest.fixture
def large(person, server):
    """A public group of Ana's with 60 others who joined before Bo did. Nobody of them has a device."""
    ana, bo = person("Ana", None), person("Bo", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Everybody", "visibility": "public"})["id"]
    users = [str(uuid.uuid4()) for _ in range(60)]
    server.sql(
        """INSERT INTO users (id, username, display_name)
        SELECT u, 'member' || n || left(u::text, 8), 'Member ' || n FROM unnest(%s::uuid[]) WITH ORDINALITY AS x (u, n)""",
        users)
    server.sql("INSERT INTO members (conversation_id, user_id, role) SELECT %s, u, 'member' FROM unnest(%s::uuid[]) AS u", group, users)
    bo.api("POST", f"/conversations/{group}/join")
    return ana, bo, group


def test_who_joined_late_opens_at_the_first_unread_message(large):
    ana, bo, group = large
    for number in range(120):
        ana.post(group, f"line {number}.", number)
    bo.open()
    item = bo.page.get_by_role("navigation", name="Conversations").get_by_role("link", name=re.compile("Everybody"))
    expect(item).to_contain_text("120 unread messages")
    item.click()
    expect(bo.page.get_by_text("New messages")).to_be_visible()
    expect(bo.message("line 0.")).to_be_in_viewport()
    expect(item).to_contain_text("unread messages")
    bo.page.get_by_role("button", name="Jump to newest").click()
    expect(bo.message("line 119.")).to_be_in_viewport()
    expect(item).not_to_contain_text("unread message")


def test_an_admin_who_joined_late_can_do_what_admins_do(large):
    ana, bo, group = large
    ana.api("PATCH", f"/conversations/{group}/members/{bo.id}", {"role": "admin"})
    ana.post(group, "off topic")
    bo.open(f"/c/{group}")
    bo.menu("off topic", "Delete")
    bo.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(bo.message("This message was deleted")).to_be_visible()
    bo.page.get_by_role("link", name="Details", exact=True).click()
    expect(bo.page.get_by_role("button", name="Change name")).to_be_visible()
    ana.api("PATCH", f"/conversations/{group}/members/{bo.id}", {"role": "member"})
    expect(bo.page.get_by_role("button", name="Change name")).to_have_count(0)


def test_typing_and_reactions_have_names(large):
    ana, bo, group = large
    message = ana.post(group, "Hello everybody")
    bo.api("PUT", f"/messages/{message['id']}/reactions/%F0%9F%91%8D")
    ana.open(f"/c/{group}")
    bo.open(f"/c/{group}")
    bo.composer.press_sequentially("abc")
    expect(ana.page.locator(".subtitle")).to_have_text("Bo is typing…")
    # Bo is none of the listed members, so the page asks for the name.
    expect(ana.page.get_by_role("button", name="👍 by Bo")).to_be_visible()


# Notes that the page asks for what it has missed, which it does once it has the list of conversations.
NOTE_SYNC = """window.synced = new Promise((resolve) => {
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        send.call(this, data);
        if (String(data).includes('["sync"')) resolve();
    };
});"""


def is_of_conversation(url):
    """What happened to the group is fetched apart, once a burst of changes is over."""
    return "/conversations" in url and "/notices?" not in url


def test_joins_and_leaves_make_no_page_fetch_the_conversation(large, person):
    ana, bo, group = large
    for who in (ana, bo):
        who.page.add_init_script(NOTE_SYNC)
        who.open(f"/c/{group}")
        expect(who.page.locator(".subtitle")).to_contain_text("62 members")
        who.page.evaluate("synced")
    fetched = []
    for who in (ana, bo):
        who.page.on("request", lambda request: is_of_conversation(request.url) and fetched.append(request.url))
    others = [person(name, None) for name in ("Cleo", "Dan", "Eve", "Fay", "Gus")]
    for other in others:
        other.api("POST", f"/conversations/{group}/join")
    expect(ana.page.locator(".subtitle")).to_contain_text("67 members")
    for other in others:
        other.api("POST", f"/conversations/{group}/leave")
    for who in (ana, bo):
        expect(who.page.locator(".subtitle")).to_contain_text("62 members")
    assert fetched == []


def test_ticks_wait_for_everybody(large, server):
    ana, bo, group = large
    ana.open(f"/c/{group}")
    ana.say("Who reads this?")
    expect(ana.message("Who reads this?")).to_contain_text("Sent")
    server.sql("UPDATE members SET delivered_seq = 1, read_seq = 1 WHERE conversation_id = %s AND user_id <> %s", group, bo.id)
    bo.open(f"/c/{group}")
    bo.sees("Who reads this?")
    expect(ana.message("Who reads this?")).to_contain_text("Read")


def test_in_a_small_group_the_list_follows_joins_and_leaves(person):
    ana, bo, cleo = person("Ana", None), person("Bo", None), person("Cleo", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Few", "visibility": "public"})["id"]
    ana.open(f"/c/{group}/details")
    members = ana.page.get_by_role("region", name="Members").get_by_role("listitem")
    expect(members).to_have_count(1)
    bo.api("POST", f"/conversations/{group}/join")
    cleo.api("POST", f"/conversations/{group}/join")
    expect(members).to_have_count(3)
    expect(members.nth(1)).to_contain_text("Bo")
    bo.api("POST", f"/conversations/{group}/leave")
    expect(members).to_have_count(2)
    expect(members.nth(1)).to_contain_text("Cleo")
