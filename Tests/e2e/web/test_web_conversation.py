"""Aids in a conversation: search, emoji, and a notice when one may not write."""

import re

from devices import PHONE
from playwright.sync_api import expect

from moderation import wait_for_words


def test_a_conversation_is_searched_and_back_finds_the_search_again(person):
    ana, bo, cleo = person("Ana", None), person("Bo", None), person("Cleo", None)
    here, elsewhere = ana.direct(bo), ana.direct(cleo)
    ana.post(here, "The giraffe is here.")
    for number in range(80):
        ana.post(here, f"filler {number}", number)
    ana.post(elsewhere, "The giraffe is elsewhere.")
    ana.open(f"/c/{here}")
    ana.page.get_by_role("link", name="Search in this conversation").click()
    field = ana.page.get_by_role("main").get_by_role("searchbox", name="Search in this conversation")
    expect(field).to_be_focused()
    field.fill("giraffe")
    results = ana.page.get_by_role("main").get_by_role("listitem")
    expect(results).to_have_count(1)
    results.get_by_role("link", name=re.compile("is here")).click()
    expect(ana.page).to_have_url(re.compile(f"/c/{here}/m/1$"))
    expect(ana.message("giraffe is here")).to_be_in_viewport()
    ana.page.go_back()
    expect(field).to_have_value("giraffe")
    expect(results).to_have_count(1)
    field.fill("hippopotamus")
    expect(ana.page.get_by_text("Nothing found for “hippopotamus”")).to_be_visible()


def test_a_search_marks_what_it_found_as_it_was_written(person):
    ana, bo = person("Ana", None), person("Bo", None)
    here = ana.direct(bo)
    ana.post(here, "Un café noir, mañana.", 1)
    ana.post(here, "C++ needs a plus, 東京都 none.", 2)
    ana.post(here, "tea tomorrow", 3)
    ana.open(f"/c/{here}/search")
    field = ana.page.get_by_role("main").get_by_role("searchbox")
    results = ana.page.get_by_role("main").get_by_role("listitem")
    for query, marked in {
        "manana cafe": ["café", "mañana"], "cafe -noir or tea": ["tea"], "tea tom": ["tea", "tom"], "c++": ["C++"],
        "京都": ["京都"], '"cafe noir"': ["café noir"],
    }.items():
        field.fill(query)
        expect(results.locator("mark")).to_have_text(marked)
        expect(results).to_have_count(1)


def test_every_match_of_a_search_is_reached(person):
    ana, bo = person("Ana", None), person("Bo", None)
    here = ana.direct(bo)
    for number in range(70):
        ana.post(here, "needle " * (1 + number % 4) + f"no. {number}.", number)
    ana.open("/")
    ana.page.get_by_role("searchbox", name="Search").fill("needle no")
    region = ana.page.get_by_role("region", name="Messages")
    for count in (30, 60):
        expect(region.get_by_role("listitem")).to_have_count(count)
        region.get_by_role("button", name="More").click()
    expect(region.get_by_role("listitem")).to_have_count(70)
    expect(region.get_by_role("button", name="More")).to_have_count(0)
    expect(region.get_by_role("listitem").first).to_contain_text("no. 69.")
    expect(region.get_by_role("listitem").last).to_contain_text("no. 0.")


def test_people_are_found_in_the_page_by_what_their_names_show(person):
    ana, bo = person("Ana", None), person("José Muñoz 王小明", None)
    ana.open("/new")
    for query in ("jose", "@munoz", "小明"):
        ana.page.get_by_label("Find people by name").fill(query)
        expect(ana.page.get_by_role("main").get_by_role("button", name=bo.username)).to_have_count(1)


def test_emoji_are_put_in_at_the_caret_and_found_by_name(two):
    ana, bo = two
    ana.composer.fill("Well done")
    ana.composer.press("Home")
    ana.page.get_by_role("button", name="Insert emoji").click()
    picker = ana.page.get_by_role("dialog", name="Emoji")
    expect(picker.get_by_role("group")).to_have_count(10)
    ana.page.keyboard.type("tada")
    expect(picker.locator(".emoji-grid button")).to_have_count(1)
    ana.page.keyboard.press("ArrowDown")
    ana.page.keyboard.press("Enter")
    expect(picker).to_have_count(0)
    expect(ana.composer).to_be_focused()
    ana.page.keyboard.type(" ")
    expect(ana.composer).to_have_value("🎉 Well done")
    ana.composer.press("Enter")
    bo.sees("🎉 Well done")


def test_any_emoji_can_be_a_reaction(two):
    ana, bo = two
    ana.say("Lunch?")
    bo.sees("Lunch?")
    bo.menu("Lunch?", "More reactions")
    bo.page.get_by_label("Find emoji").fill("pizza")
    bo.page.get_by_role("dialog", name="Emoji").locator(".emoji-grid").get_by_role("button", name="pizza").click()
    expect(ana.page.get_by_role("button", name="🍕 by Bo")).to_be_visible()


def test_emoji_by_touch_stay_open_and_open_no_keyboard(person):
    ana, bo = person("Ana", None, **PHONE), person("Bo", None)
    ana.open("/c/" + ana.direct(bo))
    ana.page.get_by_role("button", name="Insert emoji").tap()
    picker = ana.page.get_by_role("dialog", name="Emoji")
    expect(picker.get_by_role("textbox")).to_have_count(0)
    for _ in range(2):
        picker.get_by_role("button", name="red heart, love", exact=True).first.tap()
    expect(ana.composer).to_have_value("❤️❤️")
    expect(ana.composer).not_to_be_focused()


def test_a_muted_person_is_told_until_when(two, server):
    ana, bo = two
    ana.composer.fill("What I wanted to say")
    server.sql("SELECT moderation.mute_user(%s, now() + interval '1 hour', 'shouting')", ana.username)
    expect(ana.page.get_by_role("status").filter(has_text="has muted you until")).to_be_visible()
    expect(ana.page.get_by_role("button", name="Send")).to_be_disabled()
    ana.composer.press("Enter")
    expect(ana.composer).to_have_value("What I wanted to say")
    bo.say("Can you read this?")
    ana.sees("Can you read this?")
    # A person who comes back is told as well.
    ana.page.reload()
    expect(ana.page.get_by_role("status").filter(has_text="has muted you until")).to_be_visible()
    expect(ana.composer).to_have_value("What I wanted to say")
    server.sql("SELECT moderation.unmute_user(%s)", ana.username)
    expect(ana.page.get_by_text("has muted you")).to_have_count(0)
    ana.composer.press("Enter")
    bo.sees("What I wanted to say")


def test_a_refused_message_is_tried_again_or_given_up(two, server):
    ana, bo = two
    refused = ("giraffe", "okapi")

    def filter_words(query):
        for word in refused:
            server.sql(query, word)
        wait_for_words(server)

    filter_words("SELECT moderation.add_blocked_word(%s, 'refuse')")
    for text in refused:
        ana.say(text)
        expect(ana.message(text).get_by_role("alert")).to_contain_text(
            "Not sent. Contains something that may not be sent here")
        expect(ana.message(text).get_by_role("button", name="Try again")).to_be_in_viewport()
    filter_words("SELECT moderation.remove_blocked_word(%s)")
    ana.message("giraffe").get_by_role("button", name="Discard").click()
    expect(ana.message("giraffe")).to_have_count(0)
    ana.message("okapi").get_by_role("button", name="Try again").click()
    bo.sees("okapi")
    expect(bo.page.get_by_role("article")).to_have_count(1)
    expect(ana.message("okapi").get_by_role("alert")).to_have_count(0)


# Records the notifications that the page shows, and pretends that nobody looks at the page.
SHOWN_NOTIFICATIONS = """
  window.shown = [];
  window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(title, { body }) { window.shown.push(this); Object.assign(this, { title, body }); }
    close() { this.isClosed = true; }
  };
  document.hasFocus = () => window.isLookedAt ?? true;
"""


def test_notifications_show_what_came_while_nobody_looked_and_lead_there(person):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = bo.direct(ana)
    ana.page.add_init_script(SHOWN_NOTIFICATIONS)
    ana.open("/profile")
    ana.page.get_by_role("switch", name=re.compile("Show a notification")).check()
    titles = "window.shown.map(({ title, body }) => `${title}: ${body}`)"
    bo.post(conversation, "while she looks")
    expect(ana.page.get_by_role("link", name=re.compile("Bo"))).to_contain_text("while she looks")
    assert ana.page.evaluate(titles) == []
    ana.page.evaluate("window.isLookedAt = false")
    bo.post(conversation, "while she is away")
    # The page shows the notification before it updates the count.
    expect(ana.page).to_have_title(re.compile(r"^\(2\)"))
    assert ana.page.evaluate(titles) == ["Bo: while she is away"]
    ana.page.evaluate("window.shown[0].onclick()")
    ana.sees("while she is away")
    assert ana.page.evaluate("window.shown[0].isClosed")
