"""A text that was changed or deleted changes in every copy that a page shows of it; so do names and pictures."""

import re

import pytest
from drawings import png
from playwright.sync_api import expect

SECRET = "the vault is behind the mirror"


def delete(who, message):
    who.api("DELETE", f"/messages/{message['id']}")


def edit(who, message, text):
    who.api("PATCH", f"/messages/{message['id']}", {"text": text})


def filled(who, conversation, count=60):
    """Enough messages that what came before is not loaded with the newest."""
    for number in range(count):
        who.post(conversation, f"filler {number}", number)


@pytest.fixture
def quoting(person):
    """Bo's page quotes a message of Ana's that is not loaded."""
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    secret = ana.post(conversation, SECRET)
    filled(ana, conversation)
    body = {"conversationId": conversation, "text": "I did not know", "replyTo": secret["id"]}
    bo.api("POST", "/messages", body)
    bo.open(f"/c/{conversation}")
    bo.page.get_by_role("button", name="Jump to newest").click()
    expect(bo.message("I did not know").locator(".quotation")).to_contain_text(SECRET)
    return ana, bo, secret


def away(who):
    who.context.set_offline(True)
    # An open WebSocket survives Chromium's offline mode, so the page gets a reason to notice.
    who.page.evaluate("window.dispatchEvent(new Event('offline'))")


def back(who):
    who.context.set_offline(False)
    who.page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(who.page.get_by_text(re.compile("Offline|Connecting"))).to_have_count(0)


@pytest.mark.parametrize("is_away", [False, True])
def test_a_quotation_follows_its_message(quoting, is_away):
    ana, bo, secret = quoting
    quotation = bo.message("I did not know").locator(".quotation")
    if is_away:
        away(bo)
    edit(ana, secret, "the vault is empty")
    if is_away:
        back(bo)
    expect(quotation).to_contain_text("the vault is empty")
    if is_away:
        away(bo)
    delete(ana, secret)
    if is_away:
        back(bo)
    expect(quotation).to_contain_text("This message was deleted")
    expect(bo.page.locator("body")).not_to_contain_text("vault")
    bo.problems.clear()


def test_the_line_of_a_reply_follows_its_message(two):
    ana, bo = two
    message = ana.post(bo.page.url.rsplit("/", 1)[1], SECRET)
    bo.menu(SECRET, "Reply")
    line = bo.page.locator(".composer-reference")
    expect(line).to_contain_text(SECRET)
    edit(ana, message, "the vault is empty")
    expect(line).to_contain_text("the vault is empty")
    delete(ana, message)
    expect(line).not_to_contain_text("vault")
    expect(bo.page.locator("body")).not_to_contain_text("vault")


@pytest.mark.parametrize("is_here", [False, True])
def test_search_results_follow_their_messages(person, is_here):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    first, second = ana.post(conversation, SECRET), ana.post(conversation, "no vault without a mirror", 1)
    filled(ana, conversation, 3)
    bo.open(f"/c/{conversation}/search" if is_here else "/")
    view = bo.page.get_by_role("main") if is_here else bo.page.get_by_role("navigation", name="Conversations")
    view.get_by_role("searchbox").fill("vault")
    expect(view.get_by_text("behind the mirror")).to_be_visible()
    edit(ana, second, "a changed line")
    expect(view.get_by_text("a changed line")).to_be_visible()
    delete(ana, first)
    expect(view.get_by_text("behind the mirror")).to_have_count(0)


def test_the_preview_an_open_menu_and_a_picture_follow_a_deletion(two, tmp_path):
    ana, bo = two
    conversation = bo.page.url.rsplit("/", 1)[1]
    message = ana.post(conversation, SECRET)
    item = bo.page.get_by_role("link", name=re.compile("Ana")).first
    expect(item).to_contain_text(SECRET)
    bo.message(SECRET).hover()
    bo.message(SECRET).get_by_role("button", name="Message actions").click()
    expect(bo.page.get_by_role("menuitem", name="Copy text")).to_be_visible()
    delete(ana, message)
    expect(item).to_contain_text("This message was deleted")
    expect(bo.page.get_by_role("menuitem")).to_have_count(0)

    ana.attach(png(tmp_path / "vault.png", 90, 60))
    expect(ana.page.get_by_role("progressbar")).to_have_count(0)
    ana.page.get_by_role("button", name="Send").click()
    bo.page.get_by_role("button", name="Open vault.png").click()
    expect(bo.page.locator("dialog.lightbox")).to_be_visible()
    sent = bo.api("GET", f"/messages?conversationId={conversation}&limit=1")["messages"][0]
    delete(ana, sent)
    expect(bo.page.locator("dialog.lightbox")).to_have_count(0)
    expect(bo.page.locator("body")).not_to_contain_text("vault")
    bo.problems.clear()


def test_a_notification_follows_its_message(two):
    ana, bo = two
    bo.page.evaluate("""() => {
      window.shown = [];
      window.Notification = class {
        static permission = "granted";
        static requestPermission = async () => "granted";
        constructor(title, options) {
          // A notification takes the place of the one before with the same tag.
          window.shown = [...window.shown.filter((other) => other.tag !== options.tag), this];
          Object.assign(this, options, { title });
        }
        close() { window.shown = window.shown.filter((other) => other !== this); }
      };
      localStorage.setItem("parley.notifications", "on");
      document.hasFocus = () => false;
    }""")
    conversation = bo.page.url.rsplit("/", 1)[1]
    message = ana.post(conversation, SECRET)
    bo.page.wait_for_function("text => window.shown[0]?.body === text", arg=SECRET)
    edit(ana, message, "the vault is empty")
    bo.page.wait_for_function("() => window.shown.length === 1 && window.shown[0].body === 'the vault is empty'")
    delete(ana, message)
    bo.page.wait_for_function("() => window.shown.length === 0")
    ana.post(conversation, "read me", 1)
    bo.page.wait_for_function("() => window.shown[0]?.body === 'read me'")
    bo.page.evaluate("document.hasFocus = () => true; window.dispatchEvent(new Event('focus'))")
    bo.page.wait_for_function("() => window.shown.length === 0")


def test_a_new_name_is_everywhere(person, server):
    ana, bo = person("Ana Adams", None), person("Bo", None)
    direct = ana.direct(bo)
    bo.post(direct, "we know each other")
    ana.post(direct, "a line of Ana's")
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Hikers", "memberIds": [bo.id]})["id"]
    first = ana.post(group, "who comes along?")
    ana.api("POST", "/messages", {"conversationId": group, "text": "anybody?", "replyTo": first["id"]})
    bo.open(f"/c/{group}")
    bo.sees("anybody?")
    body = bo.page.locator("body")
    expect(body).to_contain_text("Ana Adams")
    # Search results keep people and messages of their own.
    bo.page.get_by_role("searchbox", name="Search").fill("adams")
    expect(bo.page.get_by_role("region", name="People")).to_contain_text("Ana Adams")
    ana.api("PATCH", "/auth/me", {"displayName": "Anna Smith"})
    expect(bo.page.get_by_role("region", name="People")).to_contain_text("Anna Smith")
    expect(body).not_to_contain_text("Ana Adams")
    expect(bo.message("anybody?").locator(".quotation")).to_contain_text("Anna Smith")
    bo.page.get_by_role("button", name="Clear search").click()
    expect(bo.page.get_by_role("navigation", name="Conversations")).to_contain_text("Anna Smith")
    bo.open(f"/c/{group}/details")
    expect(bo.page.get_by_role("region", name="Members")).to_contain_text("Anna Smith")
    # While a device is away, too.
    away(bo)
    ana.api("PATCH", "/auth/me", {"displayName": "Anna Jones"})
    back(bo)
    expect(bo.page.get_by_role("region", name="Members")).to_contain_text("Anna Jones")
    expect(bo.page.get_by_role("navigation", name="Conversations")).to_contain_text("Anna Jones")
    expect(body).not_to_contain_text("Anna Smith")
    bo.problems.clear()


def test_a_name_that_is_changed_in_sql_follows_on_ones_own_devices_too(two, server):
    ana, bo = two
    server.sql("UPDATE users SET display_name = 'Anna Smith' WHERE id = %s", ana.id)
    expect(bo.page.get_by_role("heading", name="Anna Smith")).to_be_visible()
    ana.page.get_by_role("link", name="Your profile").click()
    expect(ana.page.get_by_role("heading", name="Anna Smith")).to_be_visible()
