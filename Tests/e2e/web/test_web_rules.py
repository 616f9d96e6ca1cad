"""Strangers who add somebody to a group, blocked people, and files whose URLs have ended."""

import re

from drawings import png
from playwright.sync_api import expect


def invite(who, whom, title):
    body = {"kind": "group", "title": title, "memberIds": [whom.id]}
    return who.api("POST", "/conversations", body)["id"]


def test_a_strangers_group_asks_before_it_shows_anything(person):
    mallory, bo = person("Mallory", None), person("Bo")
    group = invite(mallory, bo, "Easy money")
    mallory.post(group, "Click here at once")
    item = bo.page.get_by_role("link", name=re.compile("Easy money"))
    expect(item).to_contain_text("Mallory added you")
    mallory.post(group, "Still waiting", 1)
    item.click()
    expect(bo.page.get_by_role("button", name="Accept")).to_be_visible()
    expect(bo.page.get_by_text(re.compile("Click here|Still waiting"))).to_have_count(0)
    expect(bo.page.get_by_text(re.compile("unread message"))).to_have_count(0)
    expect(bo.page).to_have_title("Parley")
    bo.open(f"/c/{group}/details")
    expect(bo.page.get_by_role("button", name="Accept")).to_be_visible()
    member = next(m for m in mallory.api("GET", f"/conversations/{group}")["members"] if m["user"]["id"] == bo.id)
    assert member["deliveredSeq"] == 0, "nothing was marked"
    bo.page.get_by_role("button", name="Accept").click()
    bo.open(f"/c/{group}")
    bo.sees("Click here at once")
    bo.say("No, thank you")

    # A blocked person has nobody to ask.
    cleo = person("Cleo", None)
    other = invite(cleo, bo, "More of it")
    bo.page.get_by_role("link", name=re.compile("More of it")).click()
    bo.page.get_by_role("button", name="Block Cleo").click()
    expect(bo.page.get_by_role("link", name=re.compile("More of it"))).to_have_count(0)
    again = cleo.context.request.post(
        f"{cleo.url}/conversations/{other}/members", data={"userIds": [bo.id]},
        headers={"Authorization": f"Bearer {cleo.token}"})
    assert again.status == 403


def test_somebody_is_blocked_and_no_more(two):
    ana, bo = two
    tab = ana.new_tab()
    tab.goto(ana.page.url)
    ana.page.get_by_role("link", name="Details", exact=True).click()
    ana.page.get_by_role("button", name="Block Bo").click()
    for page in (tab, ana.page):
        if page is ana.page:
            page.go_back()
        expect(page.get_by_text("You have blocked Bo.")).to_be_visible()
        expect(page.get_by_role("textbox", name="Message", exact=True)).to_have_count(0)
    expect(bo.page.locator(".subtitle")).not_to_have_text("online")
    bo.say("Why?")
    expect(bo.message("Why?")).to_contain_text("Not sent")
    ana.page.get_by_role("button", name="Unblock").click()
    expect(ana.composer).to_be_visible()
    expect(bo.page.locator(".subtitle")).to_have_text("online")


def test_a_plain_member_of_a_public_group_adds_people_and_changes_nothing_else(person, server):
    ana, bo, cleo = person("Ana", None), person("Bo", None), person("Cleo", None)
    body = {"kind": "group", "title": "Hikers", "visibility": "public", "memberIds": [bo.id]}
    group = ana.api("POST", "/conversations", body)["id"]
    bo.api("POST", f"/conversations/{group}/accept")
    bo.open(f"/c/{group}/details")
    add = bo.page.get_by_role("button", name="Add people")
    add.click()
    dialog = bo.page.get_by_role("dialog", name="Add people")
    dialog.get_by_role("searchbox").fill(cleo.username)
    # Until the search has answered, everybody is listed: other tests' Cleos, too.
    dialog.get_by_role("button", name=re.compile(f"@{cleo.username}")).click()
    dialog.get_by_role("button", name="Add 1").click()
    expect(bo.page.get_by_role("main").get_by_text("3 members")).to_be_visible()
    expect(bo.page.get_by_role("button", name="Change name")).to_have_count(0)
    bo.page.get_by_role("button", name="Actions for Cleo").click()
    expect(bo.page.get_by_role("menuitem", name=re.compile("Make|Remove"))).to_have_count(0)
    bo.page.keyboard.press("Escape")
    # A muted member can neither add people nor send anything.
    server.sql("SELECT moderation.mute_user(%s, now() + interval '1 hour', 'shouting')", bo.username)
    expect(add).to_have_count(0)
    bo.open("/profile")
    bo.page.get_by_label("Name", exact=True).fill("Somebody else")
    expect(bo.page.get_by_role("status").filter(has_text="has muted you until")).to_be_visible()
    expect(bo.page.get_by_role("button", name="Save")).to_be_disabled()


def test_piled_up_marks_stay_within_their_message(two, server):
    ana, bo = two
    conversation = ana.page.url.rsplit("/", 1)[1]
    ana.say("stays as it is")
    ana.say("plain")
    for who in two:
        who.sees("plain")
    message = ana.api("GET", f"/messages?conversationId={conversation}")["messages"][-1]
    box = bo.message("stays as it is").first.bounding_box()
    around = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
    bo.page.mouse.move(0, 0)
    before = bo.page.screenshot(clip=around, animations="disabled")
    piled = "Zalgo e" + "\u0301" * 50
    ana.api("PATCH", f"/messages/{message['id']}", {"text": piled})
    expect(bo.page.get_by_text("Edited")).to_be_visible()
    assert bo.message("stays as it is").first.bounding_box() == box
    assert bo.page.screenshot(clip=around, animations="disabled") == before
    server.sql("ALTER TABLE users DISABLE TRIGGER display_name_is_changed")
    server.sql("UPDATE users SET display_name = %s WHERE id = %s", piled[:64], ana.id)
    server.sql("ALTER TABLE users ENABLE TRIGGER display_name_is_changed")
    # A name from before there was a rule.
    bo.page.reload()
    bo.sees("stays as it is")
    # Wherever the name stands, nothing is drawn outside a box around it.
    leaking = bo.page.evaluate("""() => {
        const clips = (element, steps) => steps > 0 && element !== null &&
            (['hidden', 'clip', 'auto'].includes(getComputedStyle(element).overflowY) || clips(element.parentElement, steps - 1));
        const named = (node) => node.nodeType === Node.TEXT_NODE && node.data.includes('Zalgo');
        return [...document.body.querySelectorAll('*')].filter((element) => [...element.childNodes].some(named))
            .filter((element) => !clips(element, 3)).map((element) => element.outerHTML.slice(0, 100));
    }""")
    assert leaking == []


def test_who_was_removed_is_told_so(person):
    ana, bo = person("Ana", None), person("Bo", None)
    body = {"kind": "group", "title": "Hikers", "visibility": "public", "memberIds": [bo.id]}
    group = ana.api("POST", "/conversations", body)["id"]
    ana.api("DELETE", f"/conversations/{group}/members/{bo.id}")
    bo.open(f"/c/{group}")
    bo.page.get_by_role("button", name="Join").click()
    expect(bo.page.get_by_text("You were removed from this group")).to_be_visible()
    assert bo.problems and all("403" in problem for problem in bo.problems)
    bo.problems.clear()


def test_files_are_shown_and_saved_after_their_urls_have_ended(person, server, tmp_path):
    ana, bo, cleo = person("Ana", None), person("Bo", None), person("Cleo", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Hikers", "memberIds": [bo.id, cleo.id]})["id"]
    bo.api("POST", f"/conversations/{group}/accept")
    note = tmp_path / "note.txt"
    note.write_text("a note")
    ana.open(f"/c/{group}")
    ana.attach(png(tmp_path / "hill.png", 90, 60), note)
    expect(ana.page.get_by_role("progressbar")).to_have_count(0)
    ana.page.get_by_role("button", name="Send").click()
    bo.open(f"/c/{group}")
    picture = bo.page.get_by_role("button", name="Open hill.png")
    expect(picture).to_be_visible()
    ana.api("DELETE", f"/conversations/{group}/members/{cleo.id}")
    expect(bo.page.locator(".subtitle")).to_contain_text("2 members")
    server.sql("UPDATE conversations SET url_epoch = extract(epoch FROM now())::bigint - 5 WHERE id = %s", group)
    picture.click()
    # The page may replace the image by one with a new URL, so each step queries the document again.
    bo.page.wait_for_function(
        "() => { const image = document.querySelector('dialog.lightbox img'); return image?.complete && image.naturalWidth > 0; }")
    bo.page.keyboard.press("Escape")
    # The new URLs end too.
    server.sql(
        "UPDATE conversations SET previous_url_epoch = url_epoch, url_epoch = url_epoch + 1 WHERE id = %s", group)
    with bo.page.expect_download() as download:
        bo.page.get_by_role("link", name="Download note.txt").click()
    assert open(download.value.path()).read() == "a note"
    # The page may have had new URLs before it met the end of the old ones.
    assert all("401" in problem for problem in bo.problems)
    bo.problems.clear()
