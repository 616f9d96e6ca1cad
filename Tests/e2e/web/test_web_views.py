"""Addresses, accessibility, safety, phone and dark mode."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from devices import PHONE
from drawings import png
from playwright.sync_api import expect


def check_axe(page, where):
    results = Axe().run(page)
    found = [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in results.response["violations"]]
    assert found == [], where


def test_signed_out_nothing_fails_and_nothing_is_asked(browser, server):
    page = browser.new_context().new_page()
    asked, problems = [], []
    page.on("request", lambda request: asked.append(request.url.removeprefix(server.url)))
    page.on("console", lambda message: problems.append(message.text))
    page.on("response", lambda answer: answer.status >= 400 and problems.append(answer.url))
    page.goto(server.url + "/")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert problems == []
    assert [path for path in asked if not re.match(r"/(assets/.+|favicon\.svg|login)?$", path)] == []
    page.context.close()


def test_the_policy_allows_nothing_inline(browser, server):
    page = browser.new_context().new_page()
    policy = page.goto(server.url + "/").headers["content-security-policy"]
    assert "unsafe-inline" not in policy and "unsafe-eval" not in policy
    assert "default-src 'none'" in policy
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_axe_finds_nothing_on_any_view(browser, server, person, tmp_path, scheme, device):
    # Without motion, so nothing is measured half faded in.
    options = {"color_scheme": scheme, "reduced_motion": "reduce", **(PHONE if device == "phone" else {})}
    context = browser.new_context(**options)
    page = context.new_page()
    for path in ("/login", "/register"):
        page.goto(server.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        check_axe(page, path)
    context.close()

    ana, bo = person("Ana", None, **options), person("Bo", None)
    conversation = ana.direct(bo)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Hikers", "visibility": "public", "memberIds": [bo.id]})["id"]
    mine = ana.post(conversation, "A message with https://example.org/ in it")
    ana.api("PUT", f"/messages/{mine['id']}/reactions/%F0%9F%91%8D")
    bo.post(conversation, "Unread by Ana")
    bo.post(group, "Hi from the group")
    cleo = person("Cleo", None)
    invited = cleo.api("POST", "/conversations", {"kind": "group", "title": "Divers", "memberIds": [ana.id]})["id"]
    views = {
        "/": "main",
        f"/c/{conversation}": "textbox",
        f"/c/{group}": "textbox",
        f"/c/{group}/details": "main",
        f"/c/{invited}": "main",
        f"/c/{conversation}/details": "main",
        f"/c/{conversation}/search": "searchbox",
        "/new": "main",
        "/new/group": "main",
        "/discover": "main",
        "/profile": "main",
        "/nowhere": "main",
    }
    for path, role in views.items():
        ana.open(path)
        expect(ana.page.get_by_role(role).first).to_be_visible()
        expect(ana.page.locator(".spinner")).to_have_count(0)
        check_axe(ana.page, path)

    ana.open(f"/c/{conversation}")
    ana.message("A message with").hover()
    ana.message("A message with").get_by_role("button", name="Message actions").click()
    expect(ana.page.get_by_role("menu")).to_be_visible()
    check_axe(ana.page, "message menu")
    ana.page.get_by_role("menuitem", name="Delete").click()
    expect(ana.page.get_by_role("dialog")).to_be_visible()
    check_axe(ana.page, "dialog")
    ana.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    ana.page.get_by_role("button", name="Insert emoji").click()
    expect(ana.page.get_by_role("dialog", name="Emoji")).to_be_visible()
    check_axe(ana.page, "emoji")
    ana.page.keyboard.press("Escape")
    server.sql("SELECT moderation.mute_user(%s, now() + interval '1 hour', 'shouting')", ana.username)
    expect(ana.page.get_by_text("has muted you")).to_be_visible()
    note = tmp_path / "note.txt"
    note.write_text("a note")
    ana.attach(note, png(tmp_path / "hill.png", 90, 60))
    expect(ana.page.get_by_role("progressbar")).to_have_count(0)
    check_axe(ana.page, "muted, with files")
    server.sql("SELECT moderation.unmute_user(%s)", ana.username)
    expect(ana.page.get_by_text("has muted you")).to_have_count(0)
    ana.page.get_by_role("button", name="Send").click()
    ana.page.get_by_role("button", name="Open hill.png").click()
    expect(ana.page.get_by_role("dialog", name="Picture viewer")).to_be_visible()
    check_axe(ana.page, "viewer")


def tab_to(page, name, key="Tab"):
    """Moves the focus there as a person without a mouse does."""
    names = []
    for _ in range(60):
        page.keyboard.press(key)
        names.append(page.evaluate("() => document.activeElement.ariaLabel ?? document.activeElement.innerText"))
        if re.search(name, names[-1]):
            return
    raise AssertionError(f"{key} does not lead to {name}: {names}")


def test_everything_by_keyboard_and_read_out(person):
    ana, bo = person("Ana"), person("Bo")
    keys = ana.page.keyboard
    tab_to(ana.page, "^New conversation$")
    keys.press("Enter")
    expect(ana.page.get_by_label("Find people by name")).to_be_focused()
    keys.type(bo.username)
    expect(ana.page.get_by_role("main").get_by_role("button", name=bo.username)).to_have_count(1)
    tab_to(ana.page, bo.username)
    keys.press("Enter")
    expect(ana.composer).to_be_focused()
    keys.type("Hello")
    keys.press("Enter")

    bo.page.get_by_role("link", name=re.compile("Ana")).click()
    bo.sees("Hello")
    expect(ana.message("Hello")).to_contain_text("Read")
    ana.say("Read this out")
    expect(bo.page.locator(".visually-hidden[aria-live=polite]")).to_have_text("Ana: Read this out")
    bo.say("Fine")
    ana.sees("Fine")

    tab_to(ana.page, "^Message actions$", "Shift+Tab")
    keys.press("Enter")
    expect(ana.page.get_by_role("menuitem", name="React with 👍")).to_be_focused()
    for _ in range(8):
        keys.press("ArrowDown")
    expect(ana.page.get_by_role("menuitem", name="Reply")).to_be_focused()
    keys.press("Escape")
    expect(ana.page.get_by_role("button", name="Message actions").last).to_be_focused()
    keys.press("Enter")
    expect(ana.page.get_by_role("menuitem", name="React with 👍")).to_be_focused()
    keys.press("Enter")
    expect(bo.page.get_by_role("button", name="👍 by Ana")).to_be_visible()
    tab_to(ana.page, "^Search in this conversation$", "Shift+Tab")
    keys.press("Enter")
    expect(ana.page.get_by_role("main").get_by_role("searchbox")).to_be_focused()


def test_back_reload_and_a_pasted_link_work(person):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    for number in range(90):
        ana.post(conversation, f"note {number}.", number)
    ana.open("/")
    ana.page.get_by_role("link", name=re.compile("Bo")).click()
    ana.sees("note 89.")
    ana.page.get_by_role("link", name="Details", exact=True).click()
    expect(ana.page.get_by_role("heading", name="Details")).to_be_visible()
    ana.page.go_back()
    ana.sees("note 89.")
    ana.page.reload()
    ana.sees("note 89.")
    ana.page.go_back()
    expect(ana.page.get_by_text("Pick a conversation")).to_be_visible()
    bo.open(f"/c/{conversation}/m/3")
    expect(bo.message("note 2.")).to_be_in_viewport()


def test_signing_in_leads_to_where_one_wanted(browser, person):
    ana, bo = person("Ana", None), person("Bo", None)
    path = "/c/" + ana.direct(bo)
    context = browser.new_context()
    page = context.new_page()
    page.goto(ana.url + path)
    page.get_by_label("Username").fill(ana.username)
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(ana.url + path)
    context.close()


def test_message_text_is_never_html_and_only_safe_links_are_links(two):
    ana, bo = two
    ana.say('<img src=x onerror="document.title=1"><b>bold</b> javascript:alert(1) https://example.org/a')
    bo.sees("<b>bold</b>")
    row = bo.message("<b>bold</b>")
    assert row.locator("img, b").count() == 0
    links = row.locator(".message-text a")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://example.org/a")
    expect(links).to_have_attribute("rel", re.compile("noopener"))


def test_the_access_token_is_in_no_storage(two):
    ana, _ = two
    stored = ana.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "eyJ" not in stored and ana.token not in stored


def test_on_a_phone_one_pane_at_a_time(person):
    ana, bo = person("Ana", None, **PHONE), person("Bo", None)
    conversation = bo.direct(ana)
    bo.post(conversation, "hello phone")
    ana.open("/")
    sidebar = ana.page.locator(".sidebar")
    expect(sidebar).to_be_visible()
    expect(ana.page.get_by_role("main")).to_have_count(1)
    ana.page.get_by_role("link", name=re.compile("Bo")).tap()
    ana.sees("hello phone")
    expect(sidebar).to_be_hidden()
    small = ana.page.evaluate(
        """() => [...document.querySelectorAll("button, a[href], textarea")].filter((element) => {
             const { width, height } = element.getBoundingClientRect();
             return width > 0 && (width < 40 || height < 40) && !element.closest(".message-text");
           }).map((element) => element.outerHTML)"""
    )
    assert small == []
    assert ana.page.evaluate("document.documentElement.scrollWidth") == 390
    ana.page.get_by_role("link", name="Back").tap()
    expect(sidebar).to_be_visible()


def test_on_a_phone_a_long_press_opens_the_menu(person):
    ana, bo = person("Ana", None, **PHONE), person("Bo", None)
    conversation = bo.direct(ana)
    bo.post(conversation, "press me long")
    ana.open(f"/c/{conversation}")
    ana.sees("press me long")
    box = ana.message("press me long").locator(".bubble").bounding_box()
    session = ana.context.new_cdp_session(ana.page)
    point = {"x": box["x"] + 20, "y": box["y"] + 12}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(ana.page.get_by_role("menuitem", name="Reply")).to_be_visible()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    ana.page.get_by_role("menuitem", name="Reply").tap()
    expect(ana.page.get_by_text("Reply to Bo")).to_be_visible()


def test_right_to_left_text_begins_on_the_right(two):
    ana, _ = two
    ana.say("مرحبا")
    ana.sees("مرحبا")
    text, time = ana.message("مرحبا").locator(".message-text"), ana.message("مرحبا").locator("time")
    assert text.bounding_box()["x"] > time.bounding_box()["x"]
    ana.say("hello")
    ana.sees("hello")
    assert ana.message("hello").locator(".message-text").bounding_box()["x"] < ana.message("hello").locator("time").bounding_box()["x"]


def test_dark_mode_follows_the_system(person):
    light, dark = person("Ana", color_scheme="light"), person("Bo", color_scheme="dark")
    colors = [who.page.evaluate("getComputedStyle(document.body).backgroundColor") for who in (light, dark)]
    assert colors == ["rgb(255, 255, 255)", "rgb(22, 24, 29)"]
