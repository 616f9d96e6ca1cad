"""Conversations that are hidden from the list, and drafts and search results that belong to them."""

import re

from playwright.sync_api import expect


def test_a_hidden_conversation_that_is_open_follows_deletions(two):
    ana, bo = two
    conversation = ana.page.url.rsplit("/", 1)[1]
    said = bo.post(conversation, "a secret")
    ana.api("POST", f"/conversations/{conversation}/hide")
    ana.open(f"/c/{conversation}")
    ana.sees("a secret")
    bo.api("DELETE", f"/messages/{said['id']}")
    expect(ana.message("a secret")).to_have_count(0)
    ana.sees("This message was deleted")


def test_hiding_a_conversation_with_a_draft_leaves_the_draft_in_the_list(two):
    ana, bo = two
    conversation = ana.page.url.rsplit("/", 1)[1]
    ana.composer.fill("half a sentence")
    ana.page.get_by_role("link", name="Details", exact=True).click()
    ana.page.get_by_role("button", name="Hide conversation").click()
    sidebar = ana.page.get_by_role("navigation", name="Conversations")
    item = sidebar.get_by_role("link", name=re.compile("Not sent: half a sentence"))
    expect(item).to_contain_text("Bo")
    item.click()
    expect(ana.composer).to_have_value("half a sentence")
    expect(item).to_contain_text("Bo")
    ana.composer.fill("")
    expect(sidebar).to_contain_text("No conversations yet")
    bo.post(conversation, "hello again")
    expect(sidebar.get_by_role("link", name=re.compile("hello again"))).to_be_visible()


def test_what_is_found_in_a_hidden_conversation_has_its_title(two):
    ana, bo = two
    conversation = ana.page.url.rsplit("/", 1)[1]
    bo.post(conversation, "the needle is here")
    ana.sees("the needle is here")
    ana.api("POST", f"/conversations/{conversation}/hide")
    ana.open("/")
    ana.page.get_by_role("searchbox", name="Search").fill("needle")
    found = ana.page.get_by_role("region", name="Messages").get_by_role("link")
    expect(found).to_contain_text("needle")
    expect(found.locator(".conversation-item-title")).to_have_text("Bo")


def test_a_blocked_persons_message_is_folded_in_search_too(person):
    ana, bo = person("Ana", None), person("Bo", None)
    ana.post(ana.direct(bo), "hi")
    bo.post(ana.direct(bo), "hi")
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Hikers", "memberIds": [bo.id]})["id"]
    bo.post(group, "an insult")
    ana.post(group, "insulted")
    ana.api("PUT", f"/users/{bo.id}/block")
    ana.open("/")
    ana.page.get_by_role("searchbox", name="Search").fill("insult")
    found = ana.page.get_by_role("region", name="Messages")
    expect(found).to_contain_text("insulted")
    expect(found).to_contain_text("Message from a blocked person")
    expect(found).not_to_contain_text("an insult")


def test_a_restored_reply_shows_no_deleted_text(two):
    ana, bo = two
    said = bo.post(ana.page.url.rsplit("/", 1)[1], "a secret")
    ana.sees("a secret")
    ana.menu("a secret", "Reply")
    ana.composer.fill("my answer")
    path = ana.page.url
    ana.page.goto(ana.url + "/profile")
    expect(ana.page.get_by_role("heading", name="Signed-in devices")).to_be_visible()
    ana.page.close()
    bo.api("DELETE", f"/messages/{said['id']}")
    ana.page = ana.new_tab()
    shown = []
    ana.page.expose_function("noted", lambda text: shown.append(text))
    ana.page.add_init_script(
        "new MutationObserver(() => { if (document.body?.innerText.includes('a secret')) noted(document.body.innerText) })"
        ".observe(document, { childList: true, subtree: true, characterData: true })"
    )
    ana.page.goto(path)
    expect(ana.composer).to_have_value("my answer")
    expect(ana.page.locator(".composer-reference")).to_contain_text("This message was deleted")
    assert shown == []


def test_half_an_edit_is_there_when_one_comes_back_to_it(two):
    ana, bo = two
    for text in ("first", "second"):
        ana.say(text)
        bo.sees(text)
    ana.composer.fill("a draft")
    ana.menu("first", "Edit")
    ana.composer.fill("first, half")
    ana.menu("second", "Edit")
    expect(ana.composer).to_have_value("second")
    ana.composer.fill("second, better")
    ana.composer.press("Enter")
    bo.sees("second, better")
    expect(ana.composer).to_have_value("a draft")
    ana.composer.press("Enter")
    bo.sees("a draft")
    ana.page.reload()
    ana.menu("first", "Edit")
    expect(ana.composer).to_have_value("first, half")
    ana.composer.press("Escape")
    ana.menu("first", "Edit")
    expect(ana.composer).to_have_value("first")


def test_the_shortcut_edits_what_waits_as_it_will_be(two):
    ana, _ = two
    ana.context.set_offline(True)
    expect(ana.page.get_by_text("Offline.")).to_be_visible()
    ana.say("once")
    ana.composer.press("ArrowUp")
    ana.say("twice")
    ana.composer.press("ArrowUp")
    expect(ana.composer).to_have_value("twice")
    ana.composer.press("Escape")
    ana.context.set_offline(False)
    expect(ana.message("twice")).to_contain_text(re.compile("Sent|Delivered|Read"))
    ana.problems.clear()


def test_a_short_conversation_opened_with_something_unread_follows(two):
    ana, bo = two
    path = ana.page.url
    conversation = path.rsplit("/", 1)[1]
    ana.open("/profile")
    bo.post(conversation, "unread")
    ana.page.goto(path)
    ana.sees("unread")
    for number in range(25):
        bo.post(conversation, f"line {number}", number)
    expect(ana.message("line 24")).to_be_in_viewport()
