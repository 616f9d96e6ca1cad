"""Words and links: one language on a line, addresses of this server, and people who are added together."""

import re

from drawings import png
from playwright.sync_api import expect


def test_a_line_has_one_language(person):
    ana, bo = person("Ana", None, locale="de-DE"), person("Bo", None)
    conversation = ana.direct(bo)
    ana.post(conversation, "hi")
    ana.open(f"/c/{conversation}")
    time = ana.message("hi").locator("time")
    # 24 hours, as Germans have them, in the page's language.
    expect(time).to_have_text(re.compile(r"^\d\d:\d\d$"))
    assert re.fullmatch(r"\w+day, .* at \d\d:\d\d", time.get_attribute("title"))
    carla = person("Carla", None, locale="ar-EG")
    carla.direct(bo)
    conversation = carla.direct(bo)
    carla.post(conversation, "hi")
    carla.open(f"/c/{conversation}")
    expect(carla.message("hi").locator("time")).to_have_text(re.compile(r"^\d{1,2}:\d\d [AP]M$"))


def test_a_link_to_this_server_stays_in_the_page(two):
    ana, bo = two
    for number in range(30):
        bo.post(ana.page.url.rsplit("/", 1)[1], f"line {number}", number)
    ana.say(f"see {ana.page.url}/m/3 and {ana.url}/profile and https://example.org/")
    ana.page.get_by_role("article").get_by_role("link").filter(has_text="/m/3").click()
    expect(ana.page.locator(".is-highlighted")).to_contain_text("line 2")
    assert ana.page.url.endswith("/m/3") and len(ana.context.pages) == 1
    ana.page.go_back()
    ana.page.get_by_role("article").get_by_role("link").filter(has_text="/profile").click()
    expect(ana.page.get_by_role("heading", name="Signed-in devices")).to_be_visible()
    ana.page.go_back()
    expect(ana.page.get_by_role("article").get_by_role("link", name="https://example.org/")).to_have_attribute("target", "_blank")


def test_people_are_added_together_and_members_are_not_offered(person):
    ana, bo, cleo, dora = person("Ana", None), person("Bo Zimmer", None), person("Cleo Zimmer", None), person("Dora Zimmer", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Hikers", "memberIds": [bo.id]})["id"]
    ana.open(f"/c/{group}/details")
    ana.page.get_by_role("button", name="Add people").click()
    dialog = ana.page.get_by_role("dialog", name="Add people")
    for who in (cleo, dora):
        dialog.get_by_role("searchbox").fill(who.username)
        dialog.get_by_role("button", name=re.compile(f"^{who.name[0]}.*@{who.username}")).click()
        expect(dialog.get_by_role("button", name=f"Remove {who.name}")).to_be_visible()
    dialog.get_by_role("searchbox").fill(bo.username)
    expect(dialog.get_by_text("Nobody found")).to_be_visible()
    dialog.get_by_role("button", name="Add 2").click()
    expect(ana.page.get_by_role("main").get_by_text("4 members")).to_be_visible()


def test_the_viewer_focuses_no_zoom(two, tmp_path):
    ana, _ = two
    ana.attach(png(tmp_path / "hill.png", 300, 200))
    ana.page.get_by_role("button", name="Send").click()
    ana.page.get_by_role("button", name="Open hill.png").click()
    expect(ana.page.get_by_role("dialog", name="Picture viewer").get_by_role("button", name="Close")).to_be_focused()


def test_the_text_of_the_page_keeps_words_apart_from_the_time(two):
    """Else "line 2", sent at 4:53, would be found as "line 24"."""
    ana, bo = two
    bo.post(ana.page.url.rsplit("/", 1)[1], "line 2")
    expect(ana.message("line 2")).to_have_text(re.compile(r"^line 2 \d{1,2}:\d\d"))
    item = ana.page.get_by_role("navigation", name="Conversations").get_by_role("link", name="line 2")
    expect(item).to_have_text(re.compile(r" \d{1,2}:\d\d"))
    ana.page.get_by_role("searchbox", name="Search").fill("line 2")
    found = ana.page.get_by_role("region", name="Messages").get_by_role("link")
    expect(found).to_have_text(re.compile(r"^Bo \d{1,2}:\d\d"))
