"""Keys, the clipboard, screen readers, contrast: how people get words into the page and out of it."""

import re

import pytest
from playwright.sync_api import expect
from times import RELOAD, stop_time

from parley import until

TAKES_A_WORD = """
  field => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }))
"""


@pytest.fixture
def plain_http(browser, server, person):
    """Ana at the server by a name to which plain HTTP gives no clipboard and no locks."""
    ana, bo = person("Ana", None), person("Bo", None)
    rules = "--host-resolver-rules=MAP parley.example 127.0.0.1"
    chromium = browser.browser_type.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", rules])
    context = chromium.new_context(base_url=f"http://parley.example:{server.port}", viewport={"width": 1200, "height": 800})
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("Username").fill(ana.username)
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Conversations")).to_be_visible()
    assert page.evaluate("[isSecureContext, navigator.clipboard, navigator.locks]") == [False, None, None]
    yield ana, bo, context, page
    chromium.close()


def test_the_enter_that_ends_an_input_method_sends_nothing(two):
    ana, bo = two
    ana.composer.fill("かんじ")
    ana.composer.evaluate(TAKES_A_WORD)
    expect(ana.composer).to_have_value("かんじ")
    search = ana.page.get_by_role("searchbox", name="Search")
    search.fill("かん")
    search.evaluate(TAKES_A_WORD.replace("Enter", "Escape"))
    expect(search).to_have_value("かん")
    search.press("Escape")
    expect(search).to_have_value("")
    ana.composer.press("Enter")
    bo.sees("かんじ")
    assert bo.page.locator(".message-text").all_inner_texts() == ["かんじ"]


def test_blanks_before_the_first_word_are_sent_and_shown(two):
    ana, bo = two
    ana.composer.fill("\n    if x:\n        y()\n\n")
    ana.composer.press("Enter")
    bo.sees("if x:")
    assert bo.page.locator(".message-text").text_content() == "    if x:\n        y()"
    ana.composer.fill(" \n \t ")
    expect(ana.page.get_by_role("button", name="Send")).to_be_disabled()


def test_copying_works_over_plain_http(plain_http):
    ana, bo, _, page = plain_http
    conversation = ana.direct(bo)
    bo.post(conversation, "to be copied 👍")
    page.goto(f"/c/{conversation}")
    row = page.get_by_role("article").filter(has_text="to be copied")
    row.hover()
    row.get_by_role("button", name="Message actions").click()
    page.get_by_role("menuitem", name="Copy text").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    field = page.get_by_role("textbox", name="Message", exact=True)
    field.focus()
    field.press("Control+v")
    expect(field).to_have_value("to be copied 👍")


def test_over_plain_http_tabs_share_one_refresh_and_keep_drafts(plain_http):
    ana, bo, context, page = plain_http
    conversation = ana.direct(bo)
    tabs = [page, context.new_page(), context.new_page()]
    context.clock.install()
    for tab in tabs:
        tab.goto(f"/c/{conversation}")
        expect(tab.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
    tabs[0].get_by_role("textbox", name="Message", exact=True).fill("half a sentence")
    # What the tabs say to each other, heard by a page that takes no part.
    listener = context.new_page()
    listener.goto("/health")
    listener.evaluate("""() => {
      window.claims = new Set();
      new BroadcastChannel("parley.session").onmessage = ({ data }) => { if (data.claim) window.claims.add(data.claim); };
    }""")
    # However long it takes them to load, none gives up waiting for another.
    stop_time(page)
    refreshes = []

    def hold_up(route):
        refreshes.append(route.request.url)
        page.wait_for_timeout(500)
        route.continue_()

    context.route("**/auth/refresh", hold_up)
    for tab in tabs:
        tab.evaluate(RELOAD)
    until(lambda: page.wait_for_timeout(50) or listener.evaluate("claims.size") == 3, "every tab wants to refresh")
    page.wait_for_timeout(500)
    assert refreshes == [], "none goes on before it has heard of the others"
    page.clock.run_for(1_000)
    until(lambda: page.wait_for_timeout(50) or refreshes, "one to refresh")
    page.clock.resume()
    for tab in tabs:
        expect(tab.get_by_role("navigation", name="Conversations")).to_be_visible()
    fields = [tab.get_by_role("textbox", name="Message", exact=True) for tab in tabs]
    written = ["", "", "half a sentence"]
    until(lambda: page.wait_for_timeout(50) or sorted(field.input_value() for field in fields) == written, "the draft is back")
    assert len(refreshes) == 1


def test_a_page_without_cookies_says_so(browser, server):
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/login")
    expect(page.get_by_label("Username")).to_be_visible()
    expect(page.get_by_text("blocks cookies")).to_have_count(0)
    page.add_init_script("Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => {} })")
    page.goto("/login")
    expect(page.get_by_role("alert").filter(has_text="Your browser blocks cookies")).to_be_visible()
    context.close()


def test_the_same_text_twice_is_read_out_twice(two):
    ana, bo = two
    ana.say("before")
    bo.sees("before")
    bo.page.evaluate("""() => {
      window.read = [];
      const place = [...document.querySelectorAll('[aria-live=polite]')].find((element) => element.closest('.messages-place'));
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) window.read.push(node.textContent);
      }).observe(place, { childList: true, subtree: true });
    }""")
    for number in range(2):
        ana.say("ping")
        expect(bo.message("ping")).to_have_count(number + 1)
    assert bo.page.evaluate("read") == ["Ana: ping", "Ana: ping"]


def test_editing_sends_no_typing_and_a_reaction_does_not_end_it(two):
    ana, bo = two
    sent = []
    ana.say("old")
    bo.sees("old")
    ana.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    ana.page.reload()
    expect(ana.page.locator(".subtitle")).to_have_text("online")
    ana.menu("old", "Edit")
    ana.composer.press_sequentially(" and new")
    ana.composer.press("Enter")
    bo.sees("old and new")
    assert [frame for frame in sent if '"typing"' in frame and "true" in frame] == []
    ana.composer.press_sequentially("wri")
    expect(bo.page.locator(".subtitle")).to_have_text("typing…")
    bo.menu("old and new", "React with 🎉")
    expect(bo.page.get_by_role("button", name=re.compile("🎉 by"))).to_be_visible()
    expect(ana.page.get_by_role("button", name=re.compile("🎉 by"))).to_be_visible()
    assert bo.page.locator(".subtitle").inner_text() == "typing…"


def test_forced_colors_show_fields_selection_and_presence(person):
    ana, bo = person("Ana", None, forced_colors="active"), person("Bo", None)
    conversation = ana.direct(bo)
    ana.post(conversation, "hi")
    bo.open(f"/c/{conversation}")
    ana.open(f"/c/{conversation}")
    expect(ana.page.locator(".subtitle")).to_have_text("online")
    border = "element => getComputedStyle(element).borderTopWidth"
    for field in (".composer-line", ".search-box"):
        expect(ana.page.locator(field)).to_have_css("border-top-width", "1px")
        assert ana.page.locator(field).evaluate(border) == "1px"
    ground = "element => getComputedStyle(element).backgroundColor"
    canvas = ana.page.locator("body").evaluate(ground)
    for shown in ('.conversation-item[aria-current="page"]', ".conversation-head .presence"):
        assert ana.page.locator(shown).evaluate(ground) != canvas, shown


def test_a_field_counts_characters_as_the_server_does(browser, server):
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/register")
    password = page.get_by_label("Password", exact=True)
    is_valid = "field => field.validity.valid"
    # Four characters, though JavaScript counts eight.
    for text, expected in (("👍👍👍👍", False), ("👍" * 8, True), ("1234567", False), ("12345678", True), ("👍" * 256, True), ("👍" * 257, False)):
        password.fill(text)
        assert password.evaluate(is_valid) is expected, text
    context.close()


def test_a_message_that_waits_is_changed_and_dropped_on_a_phone(person):
    ana, bo = person("Ana", None, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True), person("Bo", None)
    ana.open("/c/" + ana.direct(bo))
    expect(ana.page.locator(".subtitle")).to_have_text(re.compile("online|last seen|offline"))
    ana.context.set_offline(True)
    expect(ana.page.get_by_text("Offline.")).to_be_visible()
    ana.composer.fill("waits")
    ana.page.get_by_role("button", name="Send").tap()
    bubble = ana.message("waits").locator(".bubble")
    expect(bubble).to_be_visible()
    box = bubble.bounding_box()
    # A long press, as no menu can be hovered.
    client = ana.context.new_cdp_session(ana.page)
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(ana.page.get_by_text("Edit message")).to_be_visible()
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(ana.composer).to_have_value("waits")
    ana.composer.fill("waits, changed")
    ana.page.get_by_role("button", name="Save changes").tap()
    ana.context.set_offline(False)
    expect(ana.message("waits, changed")).to_contain_text(re.compile("Sent|Delivered|Read"))
    ana.problems.clear()
