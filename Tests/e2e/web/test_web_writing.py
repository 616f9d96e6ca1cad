"""What helps to write: marks by keys and buttons, names and emoji that are completed, and the bar over a message."""

import subprocess

from devices import PHONE
from playwright.sync_api import expect


def test_keys_and_buttons_mark_what_is_selected_and_are_undone(two):
    ana, bo = two
    ana.composer.fill("some words")
    ana.composer.press("Control+a")
    ana.composer.press("Control+b")
    expect(ana.composer).to_have_value("**some words**")
    ana.composer.press("Control+i")
    expect(ana.composer).to_have_value("***some words***")
    ana.composer.press("Control+z")
    expect(ana.composer).to_have_value("**some words**")
    ana.composer.press("Control+a")
    ana.page.get_by_role("button", name="Formatting", exact=True).click()
    tools = ana.page.get_by_role("toolbar", name="Formatting")
    tools.get_by_role("button", name="Quote").click()
    expect(ana.composer).to_have_value("> **some words**")
    expect(ana.composer).to_be_focused()
    ana.composer.press("End")
    ana.composer.press("Shift+Enter")
    ana.composer.press("Shift+Enter")
    ana.composer.press("Control+e")
    ana.page.keyboard.type("x = 1")
    expect(ana.composer).to_have_value("> **some words**\n\n`x = 1`")
    ana.composer.press("Enter")
    expect(bo.message("some words").locator("blockquote strong")).to_have_text("some words")
    expect(bo.message("some words").locator("code")).to_have_text("x = 1")


def test_names_and_emoji_are_completed(person):
    ana, bo, cleo = person("Ana", None), person("Bo Zimmer", None), person("Cleo Zimmer", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Hikers", "memberIds": [bo.id, cleo.id]})["id"]
    ana.open(f"/c/{group}")
    ana.composer.click()
    ana.page.keyboard.type("hi @zim")
    people = ana.page.get_by_role("listbox", name="People")
    expect(people.get_by_role("option")).to_have_count(2)
    ana.page.keyboard.press("ArrowDown")
    expect(people.get_by_role("option", selected=True)).to_contain_text("Cleo")
    ana.page.keyboard.press("Enter")
    expect(ana.composer).to_have_value(f"hi @{cleo.username} ")
    expect(people).to_have_count(0)
    ana.page.keyboard.type(":tada")
    emoji = ana.page.get_by_role("listbox", name="Emoji")
    expect(emoji.get_by_role("option").first).to_contain_text("🎉")
    ana.page.keyboard.press("Tab")
    expect(ana.composer).to_have_value(f"hi @{cleo.username} 🎉 ")
    # Escape leaves the words as they are, and the next Enter sends them.
    ana.page.keyboard.type("@bo")
    expect(people).to_be_visible()
    ana.page.keyboard.press("Escape")
    expect(people).to_have_count(0)
    ana.page.keyboard.press("Enter")
    ana.sees("🎉 @bo")
    # It was for that name; the next one is completed, also with the mouse.
    ana.page.keyboard.type("@bo")
    people.get_by_role("option").click()
    expect(ana.composer).to_have_value(f"@{bo.username} ")
    expect(ana.composer).to_be_focused()
    # What is selected is no name that is being written.
    ana.composer.fill("to all @bo ")
    ana.composer.press("Control+a")
    expect(people).to_have_count(0)
    ana.composer.press("Enter")
    ana.sees("to all @bo")


def test_a_picker_that_cannot_be_fetched_takes_nothing_with_it(two):
    ana, bo = two
    ana.page.route("**/assets/EmojiPicker-*", lambda route: route.abort())
    ana.page.reload()
    ana.page.get_by_role("button", name="Insert emoji").click()
    expect(ana.page.get_by_text("This could not be fetched.")).to_be_visible()
    ana.say("no emoji")
    bo.sees("no emoji")
    ana.problems.clear()


def test_the_bar_reacts_and_a_right_click_opens_the_menu(two):
    ana, bo = two
    ana.say("Lunch?")
    row = bo.message("Lunch?")
    expect(row).to_be_visible()
    row.hover()
    row.get_by_role("button", name="React with 👍").click()
    expect(ana.page.get_by_role("button", name="👍 by Bo")).to_be_visible()
    box = row.locator(".bubble").bounding_box()
    bo.page.mouse.click(box["x"] + 20, box["y"] + 20, button="right")
    menu = bo.page.get_by_role("menu", name="Message actions")
    expect(menu).to_be_visible()
    place = menu.bounding_box()
    assert abs(place["x"] - box["x"]) < 400
    menu.get_by_role("menuitem", name="Reply").click()
    expect(bo.page.locator(".composer-reference")).to_contain_text("Lunch?")


def test_text_can_be_selected_by_touch(person):
    ana, bo = person("Ana", None, **PHONE), person("Bo", None)
    conversation = ana.direct(bo)
    bo.post(conversation, "a long address to be copied in part")
    ana.open(f"/c/{conversation}")
    bubble = ana.message("a long address").locator(".bubble")
    expect(bubble).to_be_visible()
    box = bubble.bounding_box()
    client = ana.context.new_cdp_session(ana.page)
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    item = ana.page.get_by_role("menuitem", name="Select text")
    expect(item).to_be_visible()
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    item.tap()
    words = ana.page.get_by_role("dialog").get_by_text("a long address")
    expect(words).to_have_css("user-select", "text")


def test_skin_tones_and_recent_emoji_are_kept(two):
    ana, bo = two
    ana.page.get_by_role("button", name="Insert emoji").click()
    picker = ana.page.get_by_role("dialog", name="Emoji")
    picker.get_by_role("button", name="Medium", exact=True).click()
    picker.get_by_label("Find emoji").fill("waving hand")
    picker.locator(".emoji-grid button").first.click()
    expect(ana.composer).to_have_value("👋🏽")
    ana.page.reload()
    ana.page.get_by_role("button", name="Insert emoji").click()
    expect(picker.get_by_role("group", name="Used lately").get_by_role("button")).to_have_text("👋🏽")


def test_what_the_server_says_of_a_file_is_said_before_it_is_sent(two, tmp_path):
    ana, bo = two
    film = tmp_path / "film.ts"
    source = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1"]
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", *source, "-f", "mpegts", film], check=True)
    ana.attach(film)
    tray = ana.page.get_by_role("list", name="Attachments")
    expect(tray).to_contain_text("Sent as it is")
    # What the server cannot clean, nobody else can open.
    made = {
        "id": "01a227c6-bd28-72e4-b9bb-6ef2a8962425", "ownerId": ana.id, "name": "broken.jpg", "type": "image/jpeg", "size": 4, "sha256": "",
        "kind": "file", "url": "/upload/x", "thumbnails": [], "visibility": "owner", "createdAt": "2026-01-01T00:00:00.000Z",
    }
    ana.page.route("**/upload/broken.jpg", lambda route: route.fulfill(status=201, json={"uploads": [made]}))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"jpeg")
    ana.attach(broken)
    expect(tray).to_contain_text("Only you can open this file")
