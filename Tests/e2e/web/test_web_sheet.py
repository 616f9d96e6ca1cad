"""The sheet on which the files of a draft are looked at, edited and put in order."""

import struct
import zlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from parley import until

# The colors of the four quarters of a picture, as it was received.
CORNERS = """
  async url => {
    const picture = await createImageBitmap(await (await fetch(url)).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    const at = (x, y) => [...context.getImageData(Math.floor(x * picture.width), Math.floor(y * picture.height), 1, 1).data].slice(0, 3);
    return { width: picture.width, height: picture.height,
             corners: [at(0.1, 0.1), at(0.9, 0.1), at(0.9, 0.9), at(0.1, 0.9)], middle: at(0.5, 0.5) };
  }
"""

RED, GREEN, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]


def png(width, height, color):
    """A picture whose pixels have the colors that `color(x, y)` answers."""
    rows = b"".join(b"\0" + bytes(part for x in range(width) for part in color(x, y)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def quarters(x, y):
    """Red, green, blue and white, clockwise from the upper left."""
    return (RED if x < 200 else GREEN) if y < 100 else (WHITE if x < 200 else BLUE)


@pytest.fixture
def draft(two):
    ana, bo = two
    ana.page.locator("input[type=file]").set_input_files([
        {"name": "quarters.png", "mimeType": "image/png", "buffer": png(400, 200, quarters)},
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"some notes"},
    ])
    ana.page.get_by_role("button", name="Edit quarters.png").click()
    sheet = ana.page.get_by_role("dialog", name="Files to send")
    expect(sheet.get_by_role("img", name="quarters.png, as it will be sent")).to_be_visible()
    return ana, bo, sheet


def sent(ana, bo):
    """The first file of the message, as Bo receives it."""
    ana.page.get_by_role("button", name="Send", exact=True).click()
    expect(bo.page.get_by_role("article")).to_have_count(1)
    conversation = bo.page.url.rsplit("/", 1)[1]
    until(lambda: bo.page.wait_for_timeout(50) or bo.api("GET", f"/messages?conversationId={conversation}")["messages"], "the message")
    [message] = bo.api("GET", f"/messages?conversationId={conversation}")["messages"]
    return message["attachments"]


def drag(page, canvas, *places):
    box = canvas.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def test_a_picture_is_turned_and_cropped_and_the_files_change_places(draft):
    ana, bo, sheet = draft
    sheet.get_by_role("button", name="Rotate").click()
    sheet.get_by_role("button", name="Move to the back").click()
    names = [button.get_attribute("aria-label") for button in sheet.locator(".sheet-file").all()]
    assert names == ["notes.txt, 1 of 2", "quarters.png, 2 of 2"]
    # The upper half of what is shown, by the keyboard.
    sheet.get_by_role("button", name="Crop").click()
    corner = sheet.get_by_role("button", name="Lower right corner of the crop")
    corner.focus()
    for _ in range(25):
        corner.press("ArrowUp")
    sheet.get_by_role("button", name="Done").click()
    expect(sheet).to_have_count(0)
    notes, picture = sent(ana, bo)
    assert notes["name"] == "notes.txt" and picture["name"] == "quarters.png" and picture["type"] == "image/png"
    seen = bo.page.evaluate(CORNERS, picture["url"])
    # Turned to the right: white, red, green, blue. Of these the upper half.
    assert (seen["width"], seen["height"]) == (200, 200)
    assert seen["corners"] == [WHITE, RED, RED, WHITE]


def test_what_is_drawn_and_blurred_is_sent_and_undone(draft):
    ana, bo, sheet = draft
    canvas = sheet.get_by_role("img")
    sheet.get_by_role("button", name="Draw").click()
    sheet.get_by_role("button", name="Color: black").click()
    drag(ana.page, canvas, (0.4, 0.5), (0.6, 0.5))
    sheet.get_by_role("button", name="Undo").click()
    drag(ana.page, canvas, (0.1, 0.1), (0.12, 0.1))
    sheet.get_by_role("button", name="Make unrecognizable").click()
    drag(ana.page, canvas, (0.45, 0.9), (0.55, 0.9))
    sheet.get_by_role("button", name="Done").click()
    picture = sent(ana, bo)[0]
    seen = bo.page.evaluate(CORNERS, picture["url"])
    assert seen["corners"] == [[17, 17, 17], GREEN, BLUE, WHITE]
    assert (seen["width"], seen["height"]) == (400, 200)


def test_what_a_picture_shows_is_said_for_everybody(draft):
    ana, bo, sheet = draft
    assert ana.page.evaluate("() => document.activeElement.tagName") != "INPUT", "a phone would open its keyboard"
    words = sheet.get_by_role("textbox", name="Description")
    words.fill("x" * 1001)
    done = sheet.get_by_role("button", name="Done")
    expect(done).to_be_disabled()
    # Elsewhere it leads there.
    sheet.get_by_role("button", name="notes.txt, 2 of 2").click()
    done.click()
    expect(words).to_have_value("x" * 1001)
    expect(done).to_be_disabled()
    words.fill("  Four squares \N{ARTIST PALETTE} ")
    # Of an edited picture the same is said.
    sheet.get_by_role("button", name="Rotate").click()
    sheet.get_by_role("button", name="notes.txt, 2 of 2").click()
    expect(words).to_have_count(0)
    sheet.get_by_role("button", name="Done").click()
    ana.page.get_by_role("button", name="Edit quarters.png").click()
    expect(words).to_have_value("Four squares \N{ARTIST PALETTE}")
    words.fill("")
    sheet.get_by_role("button", name="Cancel").click()
    picture, notes = sent(ana, bo)
    assert picture["alt"] == "Four squares \N{ARTIST PALETTE}" and "alt" not in notes
    for who in (ana, bo):
        expect(who.page.get_by_role("article").locator("img")).to_have_attribute("alt", picture["alt"])
        who.page.get_by_role("button", name=f"Open {picture['alt']}").click()
        expect(who.page.get_by_role("dialog", name="Picture viewer")).to_contain_text(f"Description: {picture['alt']}")


def test_leaving_the_sheet_changes_nothing_and_a_file_can_be_removed(draft):
    ana, bo, sheet = draft
    sheet.get_by_role("button", name="Rotate").click()
    sheet.get_by_role("button", name="Cancel").click()
    expect(sheet).to_have_count(0)
    ana.page.get_by_role("button", name="Look at notes.txt").click()
    expect(sheet).to_contain_text("notes.txt")
    sheet.get_by_role("button", name="Remove notes.txt").click()
    expect(sheet.get_by_role("img")).to_be_visible()
    sheet.get_by_role("button", name="Done").click()
    [picture] = sent(ana, bo)
    assert bo.page.evaluate(CORNERS, picture["url"])["corners"] == [RED, GREEN, BLUE, WHITE]


def test_what_was_said_of_a_removed_file_is_in_nobodys_way(draft):
    ana, bo, sheet = draft
    sheet.get_by_role("textbox", name="Description").fill("x" * 1001)
    sheet.get_by_role("button", name="Remove quarters.png").click()
    sheet.get_by_role("button", name="Done").click()
    expect(sheet).to_have_count(0)
    [notes] = sent(ana, bo)
    assert notes["name"] == "notes.txt"


def test_the_sheet_has_no_barriers(draft):
    ana, bo, sheet = draft
    sheet.get_by_role("button", name="Crop").click()
    expect(sheet.locator(".crop-handle")).to_have_count(2)
    found = Axe().run(ana.page, context=".sheet")
    assert found.response["violations"] == [], found.generate_report()
    ana.page.set_viewport_size({"width": 390, "height": 800})
    assert ana.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in sheet.get_by_role("button").all():
        box = button.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, button.get_attribute("aria-label")


def test_a_picture_that_is_sent_as_a_file_is_one_for_everybody(draft):
    ana, bo, sheet = draft
    sheet.get_by_role("switch", name="As a file").check()
    sheet.get_by_role("button", name="Done").click()
    expect(ana.page.locator(".tray-note").first).to_contain_text("As a file")
    picture, _ = sent(ana, bo)
    assert picture["kind"] == "file" and picture["thumbnails"] == [] and "width" not in picture
    for who in (ana, bo):
        row = who.page.get_by_role("article")
        expect(row.locator(".file-card")).to_have_count(2)
        expect(row.get_by_role("img")).to_have_count(0)
        card = row.locator("a.file-card").filter(has_text="quarters.png")
        expect(card).to_contain_text("Picture, PNG")
    answer = bo.context.request.get(bo.url + picture["url"])
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-type"] == "image/png"
    conversation = bo.page.url.rsplit("/", 1)[1]
    bo.open(f"/c/{conversation}/files")
    expect(bo.page.get_by_role("link", name="Download quarters.png")).to_be_visible()
    bo.open(f"/c/{conversation}/media")
    expect(bo.page.get_by_text("No media yet")).to_be_visible()
