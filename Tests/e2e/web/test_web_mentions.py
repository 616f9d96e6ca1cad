"""Mentions: shown in messages and counted in the list; completed, also in groups of more members than are listed."""

import re
import uuid

import pytest
from playwright.sync_api import expect
from work import work_of


@pytest.fixture
def group(person):
    ana, bo = person("Ana", None), person("Bo", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Team", "memberIds": [bo.id]})["id"]
    bo.api("POST", f"/conversations/{group}/accept")
    return ana, bo, group


def item(person):
    return person.page.get_by_role("navigation", name="Conversations").get_by_role("link", name=re.compile("Team"))


def test_mentions_are_shown_and_counted_until_they_are_read(group):
    ana, bo, team = group
    ana.post(team, f"Nobody, not even {bo.username}@example.org")
    bo.open("/profile")
    expect(item(bo)).to_contain_text("1 unread message")
    expect(item(bo)).not_to_contain_text("mention")
    ana.post(team, f"**@{bo.username.upper()}**, and @{ana.username}, look")
    ana.post(team, "@all: lunch")
    expect(item(bo)).to_contain_text("2 mentions of you")
    expect(bo.page).to_have_title("(3) Parley")
    expect(bo.page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("^data:image/svg"))
    # The list can be of what is unread, or of mentions. What is open stays in it.
    bo.page.get_by_role("button", name="Mentions", exact=True).click()
    expect(item(bo)).to_be_visible()
    item(bo).click()
    expect(bo.message("lunch").locator(".mention.is-me")).to_have_text("@all")
    expect(bo.message("look").locator(".mention.is-me")).to_have_text(f"@{bo.username.upper()}")
    expect(bo.message("look").locator(".mention:not(.is-me)")).to_have_attribute("title", "Ana")
    expect(bo.message("example.org").locator(".mention")).to_have_count(0)
    expect(bo.page.locator(".message.is-mentioning")).to_have_count(2)
    expect(bo.page).to_have_title("Team · Parley")
    expect(bo.page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("favicon.svg$"))
    expect(item(bo)).to_be_visible()
    expect(item(bo)).not_to_contain_text("mention")
    bo.page.get_by_role("link", name="Your profile").click()
    expect(bo.page.get_by_text("Nobody has mentioned you")).to_be_visible()
    bo.page.get_by_role("button", name="All", exact=True).click()
    expect(item(bo)).to_be_visible()


def test_a_mention_does_not_move_its_message_when_it_arrives(group):
    ana, bo, team = group
    bo.post(team, "loaded")
    ana.open(f"/c/{team}")
    ana.sees("loaded")
    ana.context.set_offline(True)
    ana.say(f"Dear @{bo.username}, dear @all!")
    bubble = ana.message("Dear").locator(".bubble")
    expect(bubble.locator(".mention")).to_have_count(2)
    before = bubble.bounding_box()
    ana.context.set_offline(False)
    expect(ana.message("Dear")).to_contain_text("Sent")
    assert bubble.bounding_box() == before
    expect(bubble.locator(".mention")).to_have_count(2)
    ana.problems.clear()


def test_only_who_may_call_all_is_offered_it(group):
    ana, bo, team = group
    for who in (ana, bo):
        who.open(f"/c/{team}")
        who.composer.press_sequentially("@")
        expect(who.page.get_by_role("option")).to_have_count(2 if who is ana else 1)
    ana.composer.press_sequentially("al")
    ana.composer.press("Enter")
    expect(ana.composer).to_have_value("@all ")
    ana.composer.press("Enter")
    expect(bo.message("@all").locator(".mention.is-me")).to_be_visible()


def test_names_of_a_large_group_are_completed(person, server):
    ana, bo = person("Ana", None), person("Bo", None)
    users = [str(uuid.uuid4()) for _ in range(9_998)]
    server.sql(
        """INSERT INTO users (id, username, display_name)
        SELECT u, 'zed' || n || left(u::text, 4), 'Zed Number' || n FROM unnest(%s::uuid[]) WITH ORDINALITY AS x (u, n)""",
        users)
    options = bo.page.get_by_role("option")

    def begin():
        bo.composer.press_sequentially("@")
        expect(options.first).to_be_visible()

    def work_in(title, members):
        group = ana.api("POST", "/conversations", {"kind": "group", "title": title, "visibility": "public"})["id"]
        server.sql("INSERT INTO members (conversation_id, user_id, role) SELECT %s, u, 'member' FROM unnest(%s::uuid[]) AS u", group, members)
        bo.api("POST", f"/conversations/{group}/join")
        bo.open(f"/c/{group}")
        expect(bo.page.locator(".subtitle")).to_contain_text(f"{len(members) + 2} members")
        return work_of(bo.page, begin)

    # A page lists the first fifty of both.
    few = work_in("Some", users[:98])
    assert 0 < work_in("Everybody", users) < 3 * few
    asked = []
    bo.page.on("request", lambda request: "/members?" in request.url and asked.append(request.url))
    # Nobody who is listed has that name. The server is asked after a pause, not for every letter.
    bo.composer.press_sequentially("number98")
    expect(options.filter(has_text="Zed Number98")).to_have_count(8)
    bo.composer.press_sequentially("76")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("Zed Number9876")
    assert len({*asked}) < len("number9876")
    bo.composer.press("Enter")
    expect(bo.composer).to_have_value(re.compile("^@zed9876"))
