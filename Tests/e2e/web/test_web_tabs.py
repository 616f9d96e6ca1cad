"""Time that passes on an open page, several tabs of one browser, and networks that come and go without a word."""

import datetime
import re
import threading
import urllib.request

import pytest
from playwright.sync_api import expect
from times import RELOAD, stop_time

from parley import until


def test_a_page_left_open_redraws_its_days_at_midnight(person, server):
    ana, bo = person("Ana", None, timezone_id="Europe/Berlin"), person("Bo", None)
    conversation = ana.direct(bo)
    ana.post(conversation, "late in the evening")
    # By the page's clock it was written a moment ago: its own date is moved to that of the clock.
    server.sql("UPDATE messages SET created_at = '2026-12-01 22:50:00+00' WHERE conversation_id = %s", conversation)
    ana.page.clock.install(time=datetime.datetime(2026, 12, 1, 22, 58, 30, tzinfo=datetime.UTC))
    ana.open(f"/c/{conversation}")
    day = ana.page.locator(".day")
    item = ana.page.locator(".conversation-item time")
    expect(day).to_have_text("Today")
    expect(item).to_have_text(re.compile(r"11:50|23:50"))
    ana.page.clock.run_for(95_000)
    expect(day).to_have_text("Yesterday")
    expect(item).to_have_text("Yesterday")
    # A sleep of two days needs one tick.
    ana.page.clock.fast_forward("48:00:00")
    expect(day).to_have_text("Tuesday, December 1")
    ana.problems.clear()


def test_last_seen_goes_on_each_minute(person, server):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    ana.post(conversation, "hi")
    server.sql("UPDATE users SET last_seen_at = now() WHERE id = %s", bo.id)
    ana.page.clock.install()
    ana.open(f"/c/{conversation}")
    subtitle = ana.page.locator(".subtitle")
    expect(subtitle).to_have_text(re.compile("last seen (just now|1 minute ago)"))
    ana.page.clock.run_for(5 * 60_000)
    expect(subtitle).to_have_text(re.compile("last seen [56] minutes ago"))
    ana.problems.clear()


WATCH_NOTIFICATIONS = """
  window.notified = [];
  window.gone = [];
  window.Notification = class {
    static permission = 'granted';
    static requestPermission = async () => 'granted';
    constructor(title, options) { this.title = title; window.notified.push(options.body); }
    close() { window.gone.push(this.title); }
  };
  localStorage.setItem('parley.notifications', 'on');
"""
LOOK_AWAY = "document.hasFocus = () => false; window.dispatchEvent(new Event('blur'));"


def test_of_several_tabs_one_notifies_and_none_of_what_another_shows(person):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    ana.context.add_init_script(WATCH_NOTIFICATIONS)
    tabs = [ana.page, ana.new_tab(), ana.new_tab()]
    ana.open(f"/c/{conversation}")
    for page in tabs[1:]:
        page.goto(ana.url + "/")
        page.evaluate(LOOK_AWAY)
    for page in tabs:
        expect(page.locator(".conversation-item")).to_be_visible()
    notified = lambda: [page.evaluate("notified") for page in tabs]  # noqa: E731
    # The first tab has the focus and shows the conversation.
    bo.post(conversation, "seen")
    ana.sees("seen")
    for page in tabs[1:]:
        expect(page.locator(".conversation-item")).to_contain_text("seen")
    tabs[0].wait_for_timeout(300)
    assert notified() == [[], [], []]
    # Nobody looks: one of them says so.
    tabs[0].evaluate(LOOK_AWAY)
    bo.post(conversation, "missed")
    for page in tabs:
        expect(page.locator(".conversation-item")).to_contain_text("missed")
    until(lambda: sorted(notified()) == [[], [], ["missed"]], "one notification")
    # Reading closes it.
    tabs[0].evaluate("document.hasFocus = () => true; window.dispatchEvent(new Event('focus'))")
    chosen = next(page for page in tabs if page.evaluate("notified.length"))
    until(lambda: chosen.evaluate("gone.length") > 0, "the notification closes")


def test_several_tabs_share_one_refresh(person):
    ana = person("Ana")
    tabs = [ana.page, ana.new_tab(), ana.new_tab()]
    ana.context.clock.install()
    for page in tabs:
        page.goto(ana.url + "/")
        expect(page.get_by_role("navigation", name="Conversations")).to_be_visible()
    # However long it takes them to load, none gives up waiting for another.
    stop_time(ana.page)
    refreshes, loads = [], []

    def hold_up(route):
        refreshes.append(route.request.url)
        # Until all of them want it.
        until(lambda: ana.page.wait_for_timeout(50) or len(loads) == 3, "every tab loads again")
        ana.page.wait_for_timeout(500)
        route.continue_()

    ana.context.route("**/auth/refresh", hold_up)
    for page in tabs:
        page.on("domcontentloaded", lambda _: loads.append(True))
        page.evaluate(RELOAD)
    for page in tabs:
        expect(page.get_by_role("status").filter(has_text="Connecting…")).to_have_count(0)
        expect(page.get_by_role("navigation", name="Conversations")).to_be_visible()
    assert len(refreshes) == 1


@pytest.mark.parametrize("reason", ["visible", "online", "sleep"])
def test_a_connection_that_went_silent_is_noticed_within_two_seconds(person, reason):
    """Two seconds of the page's time."""
    ana, bo = person("Ana", None), person("Bo")
    silence = threading.Event()
    ana.page.route_web_socket(re.compile("/socket.io/"), lambda ws: relay(ws, silence))
    ana.page.clock.install()
    conversation = ana.direct(bo)
    ana.post(conversation, "hi")
    ana.open(f"/c/{conversation}")
    expect(ana.page.locator(".subtitle")).to_have_text("online")
    stop_time(ana.page)
    silence.set()
    if reason == "sleep":
        ana.page.clock.fast_forward("10:00")
    else:
        event = {"visible": "document.dispatchEvent(new Event('visibilitychange'))", "online": "dispatchEvent(new Event('online'))"}
        ana.page.evaluate(event[reason])
    ana.page.clock.run_for(2_000)
    expect(ana.page.get_by_text("Offline.")).to_be_visible()
    silence.clear()
    ana.page.clock.resume()
    expect(ana.page.get_by_text("Offline.")).to_have_count(0)
    ana.problems.clear()


def relay(ws, silence):
    """Passes a WebSocket on, unless there is silence."""
    server = ws.connect_to_server()
    ws.on_message(lambda message: None if silence.is_set() else server.send(message))
    server.on_message(lambda message: None if silence.is_set() else ws.send(message))


def test_a_network_that_is_gone_is_said_at_once(person):
    ana, bo = person("Ana", None), person("Bo")
    ana.page.clock.install()
    conversation = ana.direct(bo)
    ana.post(conversation, "hi")
    ana.open(f"/c/{conversation}")
    expect(ana.page.locator(".subtitle")).to_have_text("online")
    stop_time(ana.page)
    ana.context.set_offline(True)
    expect(ana.page.get_by_text("Offline.")).to_be_visible()
    expect(ana.page.locator(".subtitle")).to_have_text("no connection")
    ana.context.set_offline(False)
    ana.page.clock.resume()
    expect(ana.page.get_by_text("Offline.")).to_have_count(0)
    ana.problems.clear()


def test_one_lost_answer_to_a_refresh_does_not_end_the_session(two):
    ana, bo = two
    lost = []

    def lose(route):
        """The server answers, and the answer is lost on its way."""
        if lost:
            route.continue_()
            return
        request = route.request
        headers = {name: value for name, value in request.all_headers().items() if not name.startswith(":")}
        cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in ana.context.cookies(request.url))
        headers["cookie"] = cookies
        answer = urllib.request.urlopen(urllib.request.Request(request.url, request.post_data_buffer or b"{}", headers, method="POST"))
        assert answer.status == 200 and "Set-Cookie" in answer.headers
        lost.append(answer.headers["Set-Cookie"])
        route.abort()

    ana.composer.fill("not lost")
    ana.page.route("**/auth/refresh", lose)
    ana.page.reload()
    expect(ana.composer).to_have_value("not lost")
    assert lost
    ana.composer.press("Enter")
    bo.sees("not lost")
    ana.problems.clear()
