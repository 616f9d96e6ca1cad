"""Words that people wrote are never thrown away: drafts, edits, and what waits for the connection."""

import re

import pytest
from drawings import png
from playwright.sync_api import expect

PASSWORD = "correct horse battery staple"
AWAY = "Offline."


def offline(who):
    who.context.set_offline(True)
    expect(who.page.get_by_text(AWAY)).to_be_visible()


def online(who):
    who.context.set_offline(False)
    expect(who.page.get_by_text(AWAY)).to_have_count(0)


def tray(who):
    return who.page.get_by_role("list", name="Attachments").get_by_role("listitem")


def log_in(page, who, password=PASSWORD):
    page.get_by_label("Username").fill(who.username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.fixture
def group(person):
    """Ana owns a group with Bo, both look at it."""
    ana, bo = person("Ana", None), person("Bo", None)
    ana.direct(bo)
    ana.post(ana.direct(bo), "hi")
    bo.post(ana.direct(bo), "hi")
    body = {"kind": "group", "title": "Hikers", "visibility": "private", "memberIds": [bo.id]}
    ana.group_id = bo.group_id = ana.api("POST", "/conversations", body)["id"]
    for who in (ana, bo):
        who.open(f"/c/{who.group_id}")
        expect(who.composer).to_be_visible()
    return ana, bo


def test_an_edit_puts_the_draft_and_its_files_aside(two, tmp_path):
    ana, bo = two
    ana.say("first")
    ana.say("second")
    bo.sees("second")
    ana.composer.fill("half a sentence")
    ana.attach(png(tmp_path / "hill.png", 60, 40))
    expect(tray(ana)).to_have_count(1)
    # Escape brings it back.
    ana.menu("first", "Edit")
    expect(ana.composer).to_have_value("first")
    ana.composer.press("Escape")
    expect(ana.composer).to_have_value("half a sentence")
    expect(tray(ana)).to_have_count(1)
    # So does saving, and an edit begun elsewhere stays where it was begun.
    ana.menu("first", "Edit")
    ana.composer.fill("first, better")
    ana.page.get_by_role("link", name="Your profile").click()
    ana.page.get_by_role("link", name=re.compile("^Bo|Bo")).first.click()
    expect(ana.composer).to_have_value("first, better")
    ana.composer.press("Enter")
    bo.sees("first, better")
    expect(ana.composer).to_have_value("half a sentence")
    expect(tray(ana)).to_have_count(1)
    # Files without a text survive the shortcut for the last message too.
    ana.composer.fill("")
    ana.composer.press("ArrowUp")
    expect(ana.composer).to_have_value("second")
    ana.composer.press("Escape")
    expect(tray(ana)).to_have_count(1)
    ana.composer.press("Enter")
    expect(bo.page.get_by_role("button", name=re.compile("Open hill.png"))).to_be_visible()


def test_a_refused_edit_is_back_in_the_field_with_the_reason(two):
    ana, bo = two
    ana.say("short")
    bo.sees("short")
    ana.composer.fill("a draft")
    ana.menu("short", "Edit")
    bo.api("PUT", f"/users/{ana.id}/block")
    ana.composer.fill("longer")
    ana.composer.press("Enter")
    alert = ana.page.locator(".composer [role=alert]")
    expect(alert).to_contain_text("Not saved.")
    expect(ana.composer).to_have_value("longer")
    ana.composer.press("Escape")
    expect(ana.composer).to_have_value("a draft")
    expect(ana.message("short")).to_be_visible()
    ana.problems.clear()


def test_edits_deletions_and_reactions_wait_for_the_connection_and_survive_a_new_page(two):
    ana, bo = two
    for text in ("stays", "will change", "will go"):
        ana.say(text)
        bo.sees(text)
    offline(ana)
    ana.menu("will change", "Edit")
    ana.say("has changed once")
    ana.menu("has changed once", "Edit")
    ana.say("has changed twice")
    expect(ana.message("has changed twice")).to_contain_text("Saving")
    ana.menu("will go", "Delete")
    ana.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(ana.message("This message was deleted")).to_be_visible()
    ana.menu("stays", "React with 🙏")
    ana.menu("stays", "React with 🎉")
    # Taken back before it was sent: it never happened.
    ana.page.get_by_role("button", name="🎉 by You").click()
    expect(ana.page.get_by_role("button", name="🎉 by You")).to_have_count(0)
    ana.say("written offline")
    ana.page.get_by_role("article").filter(has_text="written offline").hover()
    ana.page.get_by_role("article").filter(has_text="written offline").get_by_role("button", name="Edit").click()
    ana.say("written and changed offline")
    sent = []
    path = ana.page.url
    ana.page.close()
    ana.context.set_offline(False)
    ana.page = ana.new_tab()
    ana.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    ana.page.goto(path)
    bo.sees("written and changed offline")
    bo.sees("has changed twice")
    expect(bo.page.get_by_role("button", name="🙏 by Ana")).to_be_visible()
    expect(bo.page.get_by_role("button", name="🎉 by Ana")).to_have_count(0)
    assert bo.page.locator(".message-text").all_inner_texts() == [
        "stays", "has changed twice", "This message was deleted", "written and changed offline",
    ]
    # A message that was never sent changed where it waited: nobody sees it as edited.
    expect(bo.message("written and changed offline")).not_to_contain_text("edited")
    acts = [frame for frame in sent if re.search("message:(edit|delete|react|send)", frame)]
    assert [re.search(r"message:(\w+)", frame)[1] for frame in acts] == ["edit", "delete", "react", "send"]
    ana.problems.clear()


def test_closing_an_offline_tab_keeps_messages_drafts_and_files(two, tmp_path):
    ana, bo = two
    ana.attach(png(tmp_path / "hill.png", 60, 40))
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(1)
    offline(ana)
    ana.say("with a picture")
    ana.composer.fill("not finished")
    path = ana.page.url
    ana.page.close()
    ana.context.set_offline(False)
    ana.page = ana.new_tab()
    ana.page.goto(path)
    expect(ana.composer).to_have_value("not finished")
    expect(bo.page.get_by_role("button", name=re.compile("Open hill.png"))).to_be_visible()
    expect(bo.message("with a picture")).to_have_count(1)
    # And nothing is left to be sent again.
    ana.composer.fill("")
    assert ana.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('parley.unsent'))") == []
    ana.problems.clear()


def test_a_reload_keeps_the_uploaded_files_of_a_draft(two, tmp_path):
    ana, bo = two
    ana.attach(png(tmp_path / "hill.png", 60, 40), png(tmp_path / "sea.png", 60, 40))
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(2)
    ana.page.reload()
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(2)
    ana.composer.fill("two pictures")
    ana.composer.press("Enter")
    expect(bo.page.get_by_role("button", name=re.compile("Open sea.png"))).to_be_visible()


def test_two_tabs_keep_a_draft_each(two):
    ana, bo = two
    other = ana.new_tab()
    other.goto(ana.page.url)
    field = other.get_by_role("textbox", name="Message", exact=True)
    ana.composer.fill("from the first tab")
    field.fill("from the second tab")
    expect(ana.composer).to_have_value("from the first tab")
    ana.page.reload()
    expect(ana.composer).to_have_value("from the first tab")
    expect(field).to_have_value("from the second tab")
    other.close()
    ana.composer.press("Enter")
    bo.sees("from the first tab")
    # The next page finds what the closed tab left.
    ana.page.reload()
    expect(ana.composer).to_have_value("from the second tab")


def test_an_open_tab_sends_what_a_closed_one_left_once(two):
    ana, bo = two
    other = ana.new_tab()
    other.goto(ana.page.url)
    expect(other.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
    offline(ana)
    ana.say("left behind")
    ana.page.close()
    ana.context.set_offline(False)
    bo.sees("left behind")
    expect(bo.message("left behind")).to_have_count(1)
    ana.page = other
    expect(ana.message("left behind")).to_have_count(1)
    ana.problems.clear()


def test_what_a_closed_page_sent_unanswered_is_shown_once(two):
    """Whoever takes it over has it already: by the history, or by an event."""
    ana, bo = two
    conversation = ana.page.url.rsplit("/", 1)[1]
    ana.post(conversation, "did it arrive?")
    bo.post(conversation, "it did")
    said = ana.api("GET", f"/messages?conversationId={conversation}")["messages"][0]
    ana.sees("it did")
    left = {"clientId": said["clientId"], "conversationId": conversation, "text": said["text"], "uploads": [],
            "createdAt": said["createdAt"], "state": "sending", "isTried": True}
    offline(ana)
    ana.page.evaluate(
        "([key, kept]) => localStorage.setItem(key, JSON.stringify(kept))",
        [f"parley.unsent/{ana.id}/gone/message/{said['clientId']}", {"kind": "message", "pending": left}])
    shown = ana.message("did it arrive?")
    shown.evaluate("""row => {
        window.most = 0;
        const list = row.closest(".virtual-list");
        new MutationObserver(() => {
            const rows = [...list.querySelectorAll("article")].filter(each => each.textContent.includes("did it arrive?"));
            window.most = Math.max(most, rows.length);
        }).observe(list, { childList: true, subtree: true });
    }""")
    online(ana)
    ana.page.wait_for_function("() => !Object.keys(localStorage).some(key => key.startsWith('parley.unsent/'))")
    bo.post(conversation, "so there is no more to do")
    ana.sees("so there is no more to do")
    expect(shown).to_have_count(1)
    assert ana.page.evaluate("most") == 1
    ana.problems[:] = [problem for problem in ana.problems if "ERR_INTERNET_DISCONNECTED" not in problem]


def test_what_cannot_be_sent_any_more_is_shown(group):
    ana, bo = group
    bo.composer.fill("a long thought")
    offline(bo)
    ana.api("DELETE", f"/conversations/{ana.group_id}/members/{bo.id}")
    bo.composer.press("Enter")
    bo.composer.fill("and another")
    online(bo)
    item = bo.page.locator(".conversation-item").filter(has_text="Hikers")
    expect(item).to_contain_text("Not sent:")
    item.click()
    lost = bo.page.get_by_role("region", name="Not sent")
    expect(lost).to_contain_text("a long thought")
    expect(lost).to_contain_text("and another")
    expect(lost).to_contain_text("You cannot write here any more.")
    bo.page.reload()
    expect(lost).to_contain_text("a long thought")
    lost.get_by_role("listitem").filter(has_text="a long thought").get_by_role("button", name="Discard").click()
    expect(lost).not_to_contain_text("a long thought")
    lost.get_by_role("button", name="Discard").click()
    expect(lost).to_have_count(0)
    bo.problems.clear()


def test_a_blocked_persons_message_stays_with_its_reason(two):
    ana, bo = two
    ana.api("PUT", f"/users/{bo.id}/block")
    bo.say("do you hear me")
    failure = bo.page.get_by_role("alert").filter(has_text="Not sent.")
    expect(failure).to_be_visible()
    for name in ("Try again", "Copy text", "Discard"):
        expect(failure.get_by_role("button", name=name)).to_be_visible()
    bo.page.reload()
    expect(bo.message("do you hear me")).to_contain_text("Not sent.")
    bo.problems.clear()


def test_an_ended_session_says_why_and_keeps_the_draft_for_its_person_only(two):
    ana, bo = two
    ana.say("hi")
    bo.sees("hi")
    ana.composer.fill("my secret plan")
    session = next(one["id"] for one in ana.api("GET", "/auth/sessions")["sessions"] if one["current"])
    ana.api("DELETE", f"/auth/sessions/{session}")
    alert = ana.page.get_by_role("alert").filter(has_text="signed out")
    expect(alert).to_contain_text("What you had not sent is kept")
    ana.page.reload()
    expect(alert).to_be_visible()
    # Somebody else signs in, and sees nothing of it.
    log_in(ana.page, bo)
    expect(ana.page.get_by_role("navigation", name="Conversations")).to_be_visible()
    ana.page.get_by_role("link", name=re.compile("Ana")).first.click()
    expect(ana.composer).to_have_value("")
    expect(ana.page.get_by_text("secret")).to_have_count(0)
    ana.page.goto(ana.url + "/profile")
    ana.page.get_by_role("button", name="Log out").click()
    expect(ana.page).to_have_url(re.compile("/login$"))
    expect(ana.page.get_by_role("alert").filter(has_text="signed out")).to_have_count(0)
    log_in(ana.page, ana)
    ana.page.get_by_role("link", name=re.compile("Bo")).first.click()
    expect(ana.composer).to_have_value("my secret plan")
    # An explicit log-out asks, and then deletes it.
    ana.page.goto(ana.url + "/profile")
    ana.page.get_by_role("button", name="Log out").click()
    dialog = ana.page.get_by_role("dialog")
    expect(dialog).to_contain_text("did not send is deleted")
    dialog.get_by_role("button", name="Log out").click()
    expect(ana.page).to_have_url(re.compile("/login$"))
    assert ana.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('parley.unsent'))") == []
    ana.problems.clear()


def test_a_banned_person_is_told_so(two, server):
    ana, _ = two
    server.sql("UPDATE users SET banned_at = now() WHERE id = %s", ana.id)
    alert = ana.page.get_by_role("alert").filter(has_text="This account was banned or closed.")
    expect(alert).to_be_visible()
    ana.page.reload()
    expect(alert).to_be_visible()
    ana.problems.clear()


def test_a_person_banned_while_away_is_told_so(two, server):
    ana, _ = two
    path = ana.page.url
    ana.page.goto("about:blank")
    server.sql("UPDATE users SET banned_at = now() WHERE id = %s", ana.id)
    ana.page.goto(path)
    expect(ana.page.get_by_role("alert").filter(has_text="This account was banned or closed.")).to_be_visible()
    ana.problems.clear()


@pytest.mark.parametrize("fault", ["full", "forbidden"])
def test_without_room_or_leave_to_store_the_page_works(person, fault):
    ana, bo = person("Ana", None), person("Bo", None)
    if fault == "full":
        ana.page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }")
    path = "/c/" + ana.direct(bo)
    if fault == "forbidden":
        ana.page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })")
        ana.open("/login")
        log_in(ana.page, ana)
        ana.page.get_by_role("link", name=re.compile("New conversation")).first.wait_for()
        ana.page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')) }", path)
    else:
        ana.open(path)
    bo.open(path)
    ana.composer.fill("still here")
    ana.composer.press("Enter")
    bo.sees("still here")
