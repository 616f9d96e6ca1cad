"""How much of a conversation the user wants to be told, and where it stands in their list: the menu of a conversation."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from devices import PHONE
from playwright.sync_api import expect


@pytest.fixture
def three(person):
    """Ana, with a group and two people who have written to her."""
    ana, bo, chiara = person("Ana", None), person("Bo", None), person("Chiara", None)
    team = ana.api("POST", "/conversations", {"kind": "group", "title": "Team", "memberIds": [bo.id]})["id"]
    bo.api("POST", f"/conversations/{team}/accept")
    ids = {"Team": team, "Bo": ana.direct(bo), "Chiara": ana.direct(chiara)}
    bo.post(team, "to all")
    bo.post(ids["Bo"], "from Bo")
    chiara.post(ids["Chiara"], "from Chiara")
    return ana, bo, ids


def entries(page):
    return page.locator(".conversation-rows li")


def entry(page, name):
    return entries(page).filter(has=page.locator(".conversation-item-title", has_text=re.compile(f"^{name}$")))


def titles(page):
    return page.locator(".conversation-rows .conversation-item-title")


def choose(page, name, *items):
    """By the button of the entry, with the keyboard."""
    entry(page, name).get_by_role("button", name="Conversation actions").press("Enter")
    for item in items:
        expect(page.get_by_role("menu")).to_be_visible()
        page.get_by_role("menuitem", name=item).or_(page.get_by_role("menuitemradio", name=item)).press("Enter")
    expect(page.get_by_role("menu")).to_have_count(0)


def show(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def settings(person, conversation):
    return person.api("GET", f"/conversations/{conversation}")["me"]


def test_the_menu_pins_archives_mutes_and_marks_on_every_device(three):
    ana, bo, ids = three
    ana.open()
    other = ana.new_tab()
    other.goto(ana.url)
    # No real time has passed: the last one who wrote comes first.
    expect(titles(other)).to_have_text(["Chiara", "Bo", "Team"])
    expect(other).to_have_title("(3) Parley")

    choose(ana.page, "Team", "Pin")
    expect(entry(ana.page, "Team").get_by_role("button")).to_be_focused()
    for page in (ana.page, other):
        expect(titles(page)).to_have_text(["Team", "Chiara", "Bo"])
        expect(entry(page, "Team")).to_contain_text("pinned")

    choose(ana.page, "Bo", "Notifications", "Mute always")
    for page in (ana.page, other):
        expect(entry(page, "Bo")).to_contain_text("muted")
        expect(entry(page, "Bo").locator(".badge.is-quiet")).to_contain_text("1 unread message")
        expect(page).to_have_title("(2) Parley")

    choose(ana.page, "Chiara", "Archive")
    for page in (ana.page, other):
        expect(titles(page)).to_have_text(["Team", "Bo"])
        expect(page).to_have_title("(1) Parley")
    # It stays where it is, whatever comes.
    bo.post(ids["Bo"], "more")
    expect(entry(other, "Bo")).to_contain_text("2 unread messages")
    show(other, "Archived")
    expect(titles(other)).to_have_text(["Chiara"])
    choose(other, "Chiara", "Take out of the archive")
    expect(other.get_by_text("Nothing is archived.")).to_be_visible()
    expect(titles(ana.page)).to_have_text(["Team", "Bo", "Chiara"])

    choose(ana.page, "Team", "Mark as read")
    expect(entry(other, "Team").locator(".badge")).to_have_count(0)
    choose(ana.page, "Team", "Mark as unread")
    show(other, "Unread")
    expect(entry(other, "Team")).to_contain_text("Marked as unread")
    entry(other, "Team").get_by_role("link").click()
    expect(entry(ana.page, "Team").locator(".badge")).to_have_count(0)
    assert settings(ana, ids["Team"])["markedUnread"] is False
    # All of it is the account's: a reload shows the same.
    ana.page.reload()
    expect(titles(ana.page)).to_have_text(["Team", "Bo", "Chiara"])
    expect(entry(ana.page, "Bo")).to_contain_text("muted")


def test_a_mute_has_an_end_and_details_have_the_same(three):
    ana, bo, ids = three
    ana.open(f"/c/{ids['Bo']}/details")
    details = ana.page.get_by_role("main")
    details.get_by_role("button", name="Notifications: All messages").click()
    expect(ana.page.get_by_role("menuitemradio", name="All messages")).to_have_attribute("aria-checked", "true")
    ana.page.get_by_role("menuitem", name="Mute for 8 hours").click()
    expect(details.get_by_role("button", name=re.compile("Muted until"))).to_be_visible()
    expect(entry(ana.page, "Bo")).to_contain_text("muted")
    details.get_by_role("button", name=re.compile("Muted until")).click()
    ana.page.get_by_role("menuitem", name="Unmute").click()
    expect(details.get_by_role("button", name="Notifications: All messages")).to_be_visible()
    expect(entry(ana.page, "Bo")).not_to_contain_text("muted")
    details.get_by_role("button", name="Pin").click()
    expect(details.get_by_role("button", name="Unpin")).to_be_visible()
    expect(titles(ana.page).first).to_have_text("Bo")
    # What is open would be read at once, and so it is closed.
    details.get_by_role("button", name="Mark as read").click()
    details.get_by_role("button", name="Mark as unread").click()
    expect(ana.page).to_have_url(ana.url + "/")
    expect(entry(ana.page, "Bo")).to_contain_text("Marked as unread")


def test_a_refused_change_is_taken_back_with_a_message(three):
    ana, _, _ = three
    ana.open()
    ana.page.route("**/me", lambda route: route.fulfill(status=503, json={"code": "unavailable", "title": "", "status": 503}) if route.request.method == "PATCH" else route.continue_())
    choose(ana.page, "Team", "Pin")
    expect(ana.page.get_by_text("This was not changed.")).to_be_visible()
    expect(titles(ana.page)).to_have_text(["Chiara", "Bo", "Team"])
    expect(entry(ana.page, "Team")).not_to_contain_text("pinned")
    ana.problems.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_menu_opens_by_right_click_and_is_accessible(three, scheme):
    ana, _, _ = three
    ana.page.emulate_media(color_scheme=scheme)
    ana.open()
    for name, item in (("Team", "Pin"), ("Bo", "Archive")):
        entry(ana.page, name).click(button="right")
        ana.page.get_by_role("menuitem", name=item).click()
    entry(ana.page, "Chiara").click(button="right")
    ana.page.get_by_role("menuitem", name="Notifications").click()
    ana.page.get_by_role("menuitemradio", name="Mentions only").click()
    show(ana.page, "Archived")
    show(ana.page, "All")
    entry(ana.page, "Chiara").click(button="right")
    expect(ana.page.get_by_role("menu")).to_be_visible()
    ana.page.get_by_role("menuitem", name="Notifications").click()
    expect(ana.page.get_by_role("menuitemradio", name="Mentions only")).to_be_visible()
    found = Axe().run(ana.page).response["violations"]
    assert found == [], [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
    ana.page.keyboard.press("Escape")
    expect(entry(ana.page, "Chiara").get_by_role("button")).to_be_focused()


def test_a_long_press_opens_the_menu_and_not_the_conversation(person):
    ana, bo = person("Ana", None, **PHONE), person("Bo", None)
    conversation = ana.direct(bo)
    bo.post(conversation, "hello")
    ana.open()
    box = entry(ana.page, "Bo").bounding_box()
    touch = ana.context.new_cdp_session(ana.page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": box["x"] + 90, "y": box["y"] + 30}]})
    expect(ana.page.get_by_role("menuitem", name="Pin")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    ana.page.get_by_role("menuitem", name="Pin").tap()
    expect(entry(ana.page, "Bo")).to_contain_text("pinned")
    expect(ana.page).to_have_url(ana.url + "/")
    entry(ana.page, "Bo").tap()
    expect(ana.page).to_have_url(re.compile(f"/c/{conversation}$"))
