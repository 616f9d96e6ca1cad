"""People talk with each other and in groups, and react to messages."""

import re

from playwright.sync_api import expect


def test_two_people_register_find_each_other_and_talk(browser, server):
    pages = []
    for name in ("Vera Vale", "Wim Wood"):
        context = browser.new_context(base_url=server.url)
        page = context.new_page()
        page.goto(server.url + "/")
        expect(page).to_have_url(server.url + "/login")
        page.get_by_role("link", name="Create account").click()
        page.get_by_label("Username").fill(name.split()[0].lower())
        page.get_by_label("Your name").fill(name)
        page.get_by_label("Password", exact=True).fill("correct horse battery staple")
        page.get_by_role("button", name="Create account").click()
        expect(page).to_have_url(server.url + "/")
        pages.append(page)
    vera, wim = pages
    vera.get_by_role("link", name="New conversation").first.click()
    vera.get_by_label("Find people by name").fill("wim")
    vera.get_by_role("button", name="Wim Wood").click()
    vera.get_by_role("textbox", name="Message", exact=True).fill("Hello Wim")
    vera.keyboard.press("Enter")
    # The conversation appears with Wim by itself, unread.
    item = wim.get_by_role("link", name=re.compile("Vera Vale"))
    expect(item).to_contain_text("1 unread message")
    item.click()
    expect(wim.get_by_role("article").filter(has_text="Hello Wim")).to_be_visible()
    expect(vera.get_by_role("article").filter(has_text="Hello Wim")).to_contain_text("Read")
    for page in pages:
        page.context.close()


def test_a_message_arrives_live_once_and_in_order(two):
    ana, bo = two
    for number in range(20):
        ana.say(f"line {number}.")
    bo.sees("line 19.")
    for page in (ana.page, bo.page):
        lines = page.locator(".message-text").all_inner_texts()
        assert lines == [f"line {number}." for number in range(20)]


def test_typing_is_shown_and_ends_with_the_message(two):
    ana, bo = two
    ana.composer.press_sequentially("abc")
    expect(bo.page.locator(".subtitle")).to_have_text("typing…")
    ana.composer.press("Enter")
    expect(bo.page.locator(".subtitle")).to_have_text("online")


def test_delivery_and_reading_are_shown(person):
    ana, bo = person("Ana"), person("Bo")
    ana.open("/c/" + ana.direct(bo))
    ana.say("Are you there?")
    expect(ana.message("Are you there?")).to_contain_text("Delivered")
    bo.page.get_by_role("link", name=re.compile("Ana")).click()
    expect(ana.message("Are you there?")).to_contain_text("Read")


def test_reply_react_edit_delete(two):
    ana, bo = two
    ana.say("What time?")
    bo.sees("What time?")
    bo.menu("What time?", "Reply")
    bo.say("At nine")
    expect(ana.message("At nine").locator(".quotation")).to_contain_text("What time?")

    ana.menu("At nine", "React with 👍")
    expect(bo.page.get_by_role("button", name="👍 by Ana")).to_be_visible()
    bo.page.get_by_role("button", name="👍 by Ana").click()
    expect(ana.page.get_by_role("button", name=re.compile("👍 by"))).to_contain_text("2")
    ana.page.get_by_role("button", name=re.compile("👍 by")).click()
    expect(bo.page.get_by_role("button", name=re.compile("👍 by"))).to_have_text("👍")

    bo.menu("At nine", "Edit")
    expect(bo.composer).to_have_value("At nine")
    bo.say("At ten")
    expect(ana.message("At ten")).to_contain_text("edited")

    bo.menu("At ten", "Delete")
    bo.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(ana.message("This message was deleted")).to_be_visible()
    expect(ana.message("At ten")).to_have_count(0)


def test_arrow_up_edits_the_last_message_and_escape_leaves_it(two):
    ana, _ = two
    ana.say("Frist")
    ana.sees("Frist")
    expect(ana.message("Frist")).not_to_contain_text("Sending")
    ana.composer.press("ArrowUp")
    expect(ana.composer).to_have_value("Frist")
    ana.composer.press("Escape")
    expect(ana.composer).to_have_value("")
    ana.composer.press("ArrowUp")
    ana.say("First")
    expect(ana.message("First")).to_contain_text("edited")


def test_a_group_is_made_joined_managed_and_left(person):
    ana, bo, cleo = person("Ana"), person("Bo"), person("Cleo")
    title = f"Hikers {ana.username}"
    ana.open("/new/group")
    ana.page.get_by_label("Group name").fill(title)
    ana.page.get_by_label("Public").check()
    ana.page.get_by_label("Find people by name").fill(bo.username)
    ana.page.get_by_role("button", name=f"Bo @{bo.username}").click()
    ana.page.get_by_role("button", name="Create group").click()
    ana.say("Welcome!")

    bo.page.get_by_role("link", name=re.compile(title)).click()
    bo.page.get_by_role("button", name="Accept").click()
    expect(bo.message("Welcome!").locator(".sender")).to_have_text("Ana")

    cleo.open("/discover")
    cleo.page.get_by_label("Find public groups").fill(title)
    cleo.page.get_by_role("button", name=f"Join: {title}").click()
    cleo.sees("Welcome!")
    cleo.say("Hi all")
    ana.sees("Hi all")
    expect(ana.page.locator(".subtitle")).to_contain_text("3 members")

    ana.page.get_by_role("link", name="Details", exact=True).click()
    ana.page.get_by_role("button", name="Actions for Cleo").click()
    ana.page.get_by_role("menuitem", name="Make admin").click()
    expect(ana.page.get_by_role("listitem").filter(has_text=cleo.username)).to_contain_text("Admin")
    ana.page.get_by_role("button", name="Change name").click()
    ana.page.get_by_role("dialog").get_by_label("Group name").fill(f"{title} renamed")
    ana.page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(bo.page.get_by_role("heading", name=f"{title} renamed")).to_be_visible()

    bo.page.get_by_role("link", name="Details", exact=True).click()
    bo.page.get_by_role("button", name="Leave group").click()
    bo.page.get_by_role("dialog").get_by_role("button", name="Leave group").click()
    expect(bo.page.get_by_role("link", name=re.compile(title))).to_have_count(0)
    expect(ana.page.get_by_text("Public group · 2 members")).to_be_visible()

    # From outside, the group can still be seen and joined. Its messages, which the page asks for with it, are refused.
    with bo.page.expect_response(re.compile(r"/messages\?")) as refused:
        bo.page.goto(ana.page.url.removesuffix("/details"))
    assert refused.value.status == 403
    bo.page.get_by_role("button", name="Join").click()
    bo.sees("Hi all")
    bo.problems.clear()


def test_search_leads_to_people_and_to_a_message_in_its_place(person):
    ana, bo = person("Ana", None), person("Bo")
    conversation = ana.direct(bo)
    for number in range(120):
        ana.post(conversation, f"The zanzibar plan, page {number}." if number == 5 else f"filler {number}", number)
    ana.open()
    ana.page.get_by_role("searchbox", name="Search").fill("zanzibar")
    ana.page.get_by_role("link", name=re.compile("page 5")).click()
    expect(ana.page).to_have_url(re.compile(f"/c/{conversation}/m/6$"))
    expect(ana.message("zanzibar plan")).to_be_in_viewport()
    ana.page.get_by_role("button", name="Jump to newest").click()
    expect(ana.message("filler 119")).to_be_in_viewport()


def test_a_refused_message_says_so_and_can_be_given_up(two):
    ana, _ = two
    # Here the test answers in place of the server, so any rule will do.
    ana.page.evaluate("document.querySelector('textarea').focus()")
    ana.composer.fill("x" * 8_001)
    expect(ana.page.get_by_text("1 characters too long")).to_be_visible()
    expect(ana.page.get_by_role("button", name="Send")).to_be_disabled()
