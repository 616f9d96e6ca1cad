"""Connections that come and go, tabs, and sessions."""

import re

from drawings import png
from playwright.sync_api import expect


def lines(page):
    return page.locator(".message-text").all_inner_texts()


def test_nothing_is_lost_or_doubled_over_a_killed_server(two, server):
    ana, bo = two
    ana.say("before")
    bo.sees("before")
    with server.away(server.kill):
        expect(ana.page.get_by_text("Offline.")).to_be_visible()
        for number in range(5):
            ana.say(f"while away {number}")
        expect(ana.message("while away 4")).to_contain_text("Sending")
    expect(ana.message("while away 4")).to_contain_text(re.compile("Sent|Delivered|Read"))
    ana.say("after")
    bo.sees("after")
    wanted = ["before", *(f"while away {number}" for number in range(5)), "after"]
    assert lines(ana.page) == wanted
    assert lines(bo.page) == wanted
    expect(ana.page.get_by_text("Offline.")).to_have_count(0)
    ana.problems.clear()
    bo.problems.clear()


def test_what_happened_while_offline_is_there_afterwards(two):
    ana, bo = two
    for text in ("stays", "will change", "will go"):
        ana.say(text)
        bo.sees(text)
    bo.context.set_offline(True)
    # An open WebSocket survives Chromium's offline mode, so the page gets a reason to notice.
    bo.page.evaluate("window.dispatchEvent(new Event('offline'))")
    ana.menu("will change", "Edit")
    ana.say("has changed")
    ana.menu("will go", "Delete")
    ana.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    ana.menu("stays", "React with 🙏")
    ana.say("is new")
    ana.sees("is new")
    bo.context.set_offline(False)
    bo.sees("is new")
    bo.sees("has changed")
    expect(bo.page.get_by_role("button", name="🙏 by Ana")).to_be_visible()
    assert lines(bo.page) == ["stays", "has changed", "This message was deleted", "is new"]
    bo.problems.clear()


def test_without_websockets_messages_go_by_long_polling(person):
    ana, bo = person("Ana", None), person("Bo", None)
    path = "/c/" + ana.direct(bo)
    bo.direct(ana)
    ana.page.route_web_socket(re.compile("/socket.io/"), lambda socket: socket.close())
    polled = []
    ana.page.on("request", lambda request: "transport=polling" in request.url and polled.append(request.method))
    ana.open(path)
    bo.open(path)
    for who in (ana, bo):
        expect(who.page.locator(".subtitle")).to_have_text("online")
    ana.say("by polling")
    bo.sees("by polling")
    bo.say("to polling")
    ana.sees("to polling")
    expect(ana.message("by polling")).to_contain_text("Read")
    assert {"GET", "POST"} <= set(polled)


def test_a_reload_keeps_the_session_and_the_unsent_message(two, server):
    ana, bo = two
    with server.away(server.kill):
        expect(ana.page.get_by_text("Offline.")).to_be_visible()
        ana.say("written in the dark")
        expect(ana.message("written in the dark")).to_contain_text("Sending")
    ana.page.reload()
    bo.sees("written in the dark")
    expect(ana.message("written in the dark")).to_have_count(1)
    ana.problems.clear()
    bo.problems.clear()


def test_a_reload_keeps_what_is_being_written(two):
    ana, _ = two
    ana.composer.fill("half a sentence")
    ana.page.reload()
    expect(ana.composer).to_have_value("half a sentence")
    ana.composer.press("Enter")
    ana.sees("half a sentence")
    ana.page.reload()
    ana.sees("half a sentence")
    expect(ana.composer).to_have_value("")


def test_a_script_that_cannot_be_fetched_breaks_one_view_only(two):
    ana, bo = two
    pages = re.compile("/assets/pages-")
    ana.page.route(pages, lambda route: route.abort())
    ana.page.reload()
    profile = ana.page.get_by_role("link", name="Your profile")
    profile.click()
    expect(ana.page.get_by_text("Something went wrong with this page.")).to_be_visible()
    ana.page.get_by_role("link", name=re.compile("Bo")).click()
    ana.say("the rest works")
    bo.sees("the rest works")
    ana.page.unroute(pages)
    profile.click()
    ana.page.get_by_role("button", name="Load it again").click()
    expect(ana.page.get_by_role("heading", name="Profile")).to_be_visible()
    ana.problems.clear()


def test_two_tabs_show_the_same(two):
    ana, bo = two
    other = ana.new_tab()
    other.goto(ana.page.url)
    expect(other.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
    ana.say("from the first tab")
    expect(other.get_by_role("article").filter(has_text="from the first tab")).to_be_visible()
    bo.say("to both tabs")
    for page in (ana.page, other):
        expect(page.get_by_role("article").filter(has_text="to both tabs")).to_be_visible()
        assert lines(page) == ["from the first tab", "to both tabs"]


def test_reading_on_one_device_clears_the_other(person):
    ana, bo = person("Ana"), person("Bo")
    other = ana.new_tab()
    other.goto(ana.url + "/")
    conversation = bo.direct(ana)
    bo.post(conversation, "unread")
    expect(other.get_by_role("link", name=re.compile("Bo"))).to_contain_text("1 unread message")
    ana.page.bring_to_front()
    ana.page.get_by_role("link", name=re.compile("Bo")).click()
    ana.sees("unread")
    expect(other.get_by_role("link", name=re.compile("Bo"))).not_to_contain_text("unread message")


def test_logging_out_ends_every_tab_and_a_reload_stays_out(two):
    ana, _ = two
    other = ana.new_tab()
    other.goto(ana.url + "/profile")
    other.get_by_role("button", name="Log out").click()
    for page in (other, ana.page):
        expect(page).to_have_url(re.compile("/login$"))
    ana.page.reload()
    expect(ana.page).to_have_url(re.compile("/login$"))
    ana.problems.clear()


def test_a_device_is_signed_out_from_another(browser, person):
    ana = person("Ana", "/profile")
    elsewhere = browser.new_context(base_url=ana.url)
    page = elsewhere.new_page()
    page.goto(ana.url + "/login")
    page.get_by_label("Username").fill(ana.username)
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Conversations")).to_be_visible()
    ana.page.reload()
    devices = ana.page.get_by_role("region", name="Signed-in devices")
    devices.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login$"))
    expect(devices.get_by_role("listitem")).to_have_count(1)
    elsewhere.close()


def test_the_password_is_changed_and_the_old_one_is_refused(browser, person):
    ana = person("Ana", "/profile")
    ana.page.get_by_label("Current password").fill("correct horse battery staple")
    ana.page.get_by_label("New password").fill("an altogether different one")
    ana.page.get_by_role("button", name="Change password").click()
    expect(ana.page.get_by_text("Password changed.")).to_be_visible()
    context = browser.new_context(base_url=ana.url)
    page = context.new_page()
    page.goto(ana.url + "/login")
    page.get_by_label("Username").fill(ana.username)
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    page.get_by_label("Password", exact=True).fill("an altogether different one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Conversations")).to_be_visible()
    context.close()


def test_name_and_picture_are_changed(person, tmp_path):
    ana = person("Ana", "/profile")
    ana.page.get_by_label("Name").fill("Ana Nova")
    ana.page.get_by_label("About you").fill("Likes hills")
    ana.page.get_by_role("button", name="Save").click()
    expect(ana.page.get_by_role("heading", name="Ana Nova")).to_be_visible()
    ana.page.get_by_label("Change picture").set_input_files(png(tmp_path / "me.png", 200, 200))
    expect(ana.page.locator(".details-head .avatar img")).to_be_visible()
    ana.page.reload()
    expect(ana.page.locator(".details-head .avatar img")).to_be_visible()
    expect(ana.page.get_by_label("About you")).to_have_value("Likes hills")
