"""Accounts that are closed, conversations that are hidden, and what blocked people say in groups."""

import re

import pytest
from playwright.sync_api import expect

from conftest import PASSWORD


@pytest.mark.parametrize("is_open", [False, True])
def test_a_closed_account_is_shown_and_cannot_be_written_to(person, server, is_open):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    bo.post(conversation, "see you")
    if is_open:
        ana.open(f"/c/{conversation}")
        expect(ana.composer).to_be_visible()
    server.sql("SELECT moderation.ban_user(%s, 'spam')", bo.username)
    if not is_open:
        ana.open(f"/c/{conversation}")
    expect(ana.page.get_by_text("Bo’s account is closed.")).to_be_visible()
    expect(ana.composer).to_have_count(0)
    expect(ana.page.locator(".subtitle")).to_have_text("account closed")
    ana.page.get_by_role("link", name="Details", exact=True).click()
    expect(ana.page.get_by_text("account closed")).to_be_visible()
    server.sql("SELECT moderation.unban_user(%s)", bo.username)
    ana.page.get_by_role("link", name="Back").click()
    expect(ana.composer).to_be_visible()


def test_whoever_is_banned_is_told_why_and_until_when(person, server):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    bo.open(f"/c/{conversation}")
    expect(bo.composer).to_be_visible()
    expect(bo.page.locator(".subtitle")).not_to_have_text("connecting…")
    server.sql("SELECT moderation.ban_user(%s, 'shouting', '2099-05-01 12:00Z')", bo.username)
    told = bo.page.get_by_text(re.compile(r"This account is banned until .*May 1, 2099.* The reason: shouting"))
    expect(bo.page.get_by_label("Username")).to_be_visible()
    expect(told).to_be_visible()
    bo.page.reload()
    expect(told).to_be_visible()
    bo.page.get_by_label("Username").fill(bo.username)
    bo.page.get_by_label("Password", exact=True).fill(PASSWORD)
    bo.page.get_by_role("button", name="Log in").click()
    expect(bo.page.get_by_role("alert").filter(has_text="shouting")).to_have_count(1)
    bo.problems.clear()


def test_a_closed_account_keeps_no_message_from_being_read(person, server):
    ana, bo, cleo = person("Ana", None), person("Bo", None), person("Cleo", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Three", "memberIds": [bo.id, cleo.id]})["id"]
    ana.open(f"/c/{group}")
    ana.say("Who reads this?")
    bo.api("POST", f"/conversations/{group}/accept")
    bo.open(f"/c/{group}")
    bo.sees("Who reads this?")
    expect(ana.message("Who reads this?")).to_contain_text("Sent")
    server.sql("SELECT moderation.ban_user(%s, 'spam')", cleo.username)
    expect(ana.message("Who reads this?")).to_contain_text("Read")


def test_a_direct_conversation_is_hidden_and_comes_back_with_a_message(two):
    ana, bo = two
    bo.say("hello")
    ana.sees("hello")
    tab = ana.new_tab()
    tab.goto(ana.page.url)
    expect(tab.get_by_role("article").filter(has_text="hello")).to_be_visible()
    ana.page.get_by_role("link", name="Details", exact=True).click()
    ana.page.get_by_role("button", name="Hide conversation").click()
    item = re.compile("Bo")
    for page in (ana.page, tab):
        expect(page.get_by_role("navigation", name="Conversations").get_by_role("link", name=item)).to_have_count(0)
    expect(ana.page).to_have_url(ana.url + "/")
    # Whoever still looks at it can go on reading and writing.
    expect(tab.get_by_role("article").filter(has_text="hello")).to_be_visible()
    ana.page.reload()
    expect(ana.page.get_by_text("No conversations yet")).to_be_visible()
    bo.say("are you there?")
    for page in (ana.page, tab):
        expect(page.get_by_role("navigation", name="Conversations").get_by_role("link", name=item)).to_contain_text("are you there?")
    expect(tab.get_by_role("article").filter(has_text="are you there?")).to_be_visible()


def test_opening_a_conversation_shows_it_to_the_other_with_its_first_message(person):
    ana, bo = person("Ana"), person("Bo")
    ana.open("/c/" + ana.open_direct(bo))
    expect(ana.composer).to_be_visible()
    expect(bo.page.get_by_text("No conversations yet")).to_be_visible()
    ana.say("hello")
    item = bo.page.get_by_role("link", name=re.compile("Ana"))
    expect(item).to_contain_text("1 unread message")


def test_in_groups_what_blocked_people_say_is_folded(person):
    ana, bo = person("Ana", None), person("Bo", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Hikers", "visibility": "public"})["id"]
    bo.api("POST", f"/conversations/{group}/join")
    message = bo.post(group, "buy my book")
    ana.api("POST", "/messages", {"conversationId": group, "text": "no, thank you", "replyTo": message["id"]})
    ana.open(f"/c/{group}")
    ana.sees("buy my book")
    ana.api("PUT", f"/users/{bo.id}/block")
    folded = ana.page.get_by_role("article").filter(has_text="Message from a blocked person · Show")
    expect(folded).to_have_count(1)
    expect(ana.page.locator("body")).not_to_contain_text("buy my book")
    bo.post(group, "buy two of them", 1)
    expect(folded).to_have_count(2)
    expect(ana.page.locator("body")).not_to_contain_text("buy two of them")
    folded.first.get_by_role("button", name="Show").click()
    expect(ana.message("buy my book").first).to_be_visible()
    ana.api("DELETE", f"/users/{bo.id}/block")
    ana.sees("buy two of them")


def test_the_sender_sees_who_has_read_a_message_in_a_group(person):
    ana, bo, cy = person("Ana", None), person("Bo", None), person("Cy", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Three", "memberIds": [bo.id, cy.id]})["id"]
    for who in (bo, cy):
        who.api("POST", f"/conversations/{group}/accept")
    ana.post(group, "who reads this?")
    bo.open(f"/c/{group}")
    bo.sees("who reads this?")
    ana.open(f"/c/{group}")
    ana.menu("who reads this?", "Read by…")
    dialog = ana.page.get_by_role("dialog", name="Who has read it")
    expect(dialog.get_by_role("region", name="Read")).to_contain_text("Bo")
    expect(dialog.get_by_role("region", name="Not delivered yet")).to_contain_text("Cy")
    # It follows what happens.
    cy.open(f"/c/{group}")
    expect(dialog.get_by_role("region", name="Read")).to_contain_text("Cy")
    expect(dialog.get_by_role("region", name="Not delivered yet")).to_have_count(0)
