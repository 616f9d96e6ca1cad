"""Attachments: chosen, dropped, pasted, resumed, viewed."""

import base64
import hashlib
import re
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe
from devices import PHONE
from drawings import png
from playwright.sync_api import expect

from documents import pdf
from uploading import noise


@pytest.fixture
def picture(tmp_path):
    return png(tmp_path / "sunset.png", 400, 300)


DROP = """
async ([selector, event, name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  const target = document.querySelector(selector);
  if (event === "paste") target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
  else for (const type of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}
"""


def give(person, selector, event, path):
    person.page.evaluate(DROP, [selector, event, path.name, base64.b64encode(path.read_bytes()).decode()])


def shown_picture(person, name):
    image = person.page.get_by_role("img", name=name)
    expect(image.last).to_be_visible()
    expect(image.last).to_have_js_property("complete", True)
    assert image.last.evaluate("image => image.naturalWidth") > 0
    return image.last


def test_pictures_by_picker_drop_and_paste(two, picture):
    ana, bo = two
    ana.attach(picture)
    expect(ana.page.get_by_role("list", name="Attachments")).to_contain_text("sunset.png")
    ana.say("by picker")
    bo.sees("by picker")
    shown_picture(bo, "sunset.png")

    give(ana, "main", "drop", picture)
    expect(ana.page.get_by_role("list", name="Attachments")).to_contain_text("sunset.png")
    ana.say("by drop")
    bo.sees("by drop")

    give(ana, "textarea", "paste", picture)
    expect(ana.page.get_by_role("list", name="Attachments")).to_contain_text("sunset.png")
    ana.page.get_by_role("button", name="Send").click()
    expect(bo.page.get_by_role("img", name="sunset.png")).to_have_count(3)


def test_several_files_go_with_one_message_and_one_can_be_taken_out(two, tmp_path, picture):
    ana, bo = two
    report = tmp_path / "Quarterly report.txt"
    report.write_text("figures\n" * 2000)
    other = png(tmp_path / "other.png", 60, 40)
    ana.attach(picture, report, other)
    tray = ana.page.get_by_role("list", name="Attachments")
    expect(tray.get_by_role("listitem")).to_have_count(3)
    ana.page.get_by_role("button", name="Remove other.png").click()
    expect(tray.get_by_role("listitem")).to_have_count(2)
    ana.say("both")
    expect(bo.page.get_by_role("link", name="Download Quarterly report.txt")).to_contain_text("16 kB")
    shown_picture(bo, "sunset.png")
    with bo.page.expect_download() as download:
        bo.page.get_by_role("link", name="Download Quarterly report.txt").click()
    assert open(download.value.path(), "rb").read() == report.read_bytes()


def test_a_picture_has_its_place_before_it_has_loaded(two, picture):
    ana, bo = two
    # Thumbnails come only when the test lets them.
    held = []
    bo.page.route("**/upload/*/thumbnail/**", lambda route: held.append(route))
    ana.attach(picture)
    ana.say("look")
    bo.sees("look")
    frame = bo.page.locator(".picture")
    before = frame.bounding_box()
    assert abs(before["width"] / before["height"] - 4 / 3) < 0.02
    for route in held:
        route.continue_()
    expect(frame).to_have_class(re.compile("is-shown"))
    assert frame.bounding_box() == before


def test_the_viewer_by_keyboard(two, tmp_path):
    ana, _ = two
    ana.attach(png(tmp_path / "one.png", 300, 200), png(tmp_path / "two.png", 200, 300, 200))
    ana.page.get_by_role("button", name="Send").click()
    ana.page.get_by_role("button", name="Open one.png").click()
    viewer = ana.page.get_by_role("dialog", name="Picture viewer")
    expect(viewer).to_contain_text("1 of 2")
    ana.page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("two.png")
    ana.page.keyboard.press("+")
    expect(viewer.get_by_role("button", name="Zoom out")).to_be_enabled()
    ana.page.keyboard.press("0")
    expect(viewer.get_by_role("button", name="Zoom out")).to_be_disabled()
    ana.page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(ana.page.get_by_role("button", name="Open one.png")).to_be_focused()


def touch(session, kind, *points):
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]})


def test_the_viewer_by_touch(person, tmp_path):
    ana, bo = person("Ana", None, **PHONE), person("Bo", None)
    ana.open("/c/" + ana.direct(bo))
    ana.attach(png(tmp_path / "one.png", 300, 200), png(tmp_path / "two.png", 200, 300, 200))
    ana.page.get_by_role("button", name="Send").tap()
    ana.page.get_by_role("button", name="Open one.png").tap()
    viewer = ana.page.get_by_role("dialog", name="Picture viewer")
    image = viewer.get_by_role("img")
    expect(viewer).to_contain_text("1 of 2")
    expect(image).to_have_js_property("complete", True)
    width = image.bounding_box()["width"]

    # Two fingers move apart around their middle, then both together to the side.
    session = ana.context.new_cdp_session(ana.page)
    touch(session, "touchStart", (155, 400), (235, 400))
    touch(session, "touchMove", (135, 400), (255, 400))
    touch(session, "touchMove", (115, 400), (275, 400))
    expect(viewer.get_by_role("button", name="Zoom out")).to_be_enabled()
    # The page may still be busy with the first move.
    expect(image).to_have_css("transform", re.compile(r"matrix\(2, 0, 0, 2, "))
    assert abs(image.bounding_box()["width"] / width - 2) < 0.05
    left = image.bounding_box()["x"]
    touch(session, "touchMove", (135, 400), (295, 400))
    expect(image).to_have_css("transform", re.compile(r"matrix\(2, 0, 0, 2, 20, "))
    assert abs(image.bounding_box()["x"] - left - 20) < 1
    touch(session, "touchEnd")
    expect(viewer).to_contain_text("1 of 2")

    viewer.get_by_role("button", name="Zoom out").tap()
    viewer.get_by_role("button", name="Zoom out").tap()
    expect(viewer.get_by_role("button", name="Zoom out")).to_be_disabled()
    touch(session, "touchStart", (300, 400))
    touch(session, "touchMove", (200, 400))
    touch(session, "touchEnd")
    expect(viewer).to_contain_text("2 of 2")


# Plays the media. Returns its position and its properties.
PLAY = """
  async (element) => {
    element.muted = true;
    await element.play();
    // It may be over by now: the event alone might never come.
    await new Promise((resolve) => {
      const look = () => element.currentTime > 0.2 ? resolve() : setTimeout(look, 20);
      look();
    });
    return { duration: element.duration, width: element.videoWidth, height: element.videoHeight };
  }
"""


def test_videos_and_sound_are_played(two, tmp_path):
    ana, bo = two
    film, song = tmp_path / "film.mp4", tmp_path / "song.ogg"
    ffmpeg = ["ffmpeg", "-loglevel", "error", "-y"]
    picture = ["-f", "lavfi", "-i", "testsrc=size=320x180:rate=10:duration=2", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    subprocess.run([*ffmpeg, *picture, film], check=True)
    subprocess.run([*ffmpeg, "-f", "lavfi", "-i", "sine=frequency=440:duration=2", "-c:a", "libvorbis", song], check=True)
    ana.attach(film, song)
    ana.say("listen and look")
    bo.sees("listen and look")
    video, audio = bo.message("listen and look").locator("video"), bo.message("listen and look").locator("audio")
    box = video.bounding_box()
    assert abs(box["width"] / box["height"] - 16 / 9) < 0.03, "not laid out by its dimensions"
    played = video.evaluate(PLAY)
    assert (played["width"], played["height"]) == (320, 180) and abs(played["duration"] - 2) < 0.3
    assert video.bounding_box()["height"] == box["height"]
    assert abs(audio.evaluate(PLAY)["duration"] - 2) < 0.3


def test_leaving_asks_first_while_a_file_is_on_its_way(two, tmp_path):
    ana, _ = two
    big = tmp_path / "big.bin"
    big.write_bytes(noise(12_000_000))
    session = ana.context.new_cdp_session(ana.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000})
    ana.composer.click()
    ana.attach(big)
    expect(ana.page.get_by_role("progressbar")).to_be_visible()
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    ana.page.on("dialog", stay)
    with ana.page.expect_event("dialog"):
        ana.page.close(run_before_unload=True)
    expect(ana.page.get_by_role("progressbar")).to_be_visible()
    ana.page.get_by_role("button", name="Remove big.bin").click()
    expect(ana.page.get_by_role("progressbar")).to_have_count(0)
    # Nothing is being uploaded any more, so the page does not ask.
    ana.page.reload()
    expect(ana.composer).to_be_visible()
    assert asked == ["beforeunload"]


def test_an_upload_goes_on_after_the_server_was_killed(two, server, tmp_path):
    ana, bo = two
    big = tmp_path / "big.bin"
    big.write_bytes(noise(24_000_000))
    # Throttles the browser's uplink, so the upload is in progress when the server dies.
    session = ana.context.new_cdp_session(ana.page)
    session.send("Network.enable")
    narrow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 6_000_000}
    session.send("Network.emulateNetworkConditions", narrow)
    starts = []
    ana.page.on("request", lambda request: request.method == "POST" and request.url.endswith("/upload") and starts.append(request))

    ana.attach(big)
    bar = ana.page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[4-9]\d$"))
    with server.away(server.kill):
        expect(ana.page.get_by_text("Waiting for the connection")).to_be_visible()
        session.send("Network.emulateNetworkConditions", {**narrow, "uploadThroughput": -1})
    ana.say("here it is")
    bo.sees("here it is")
    assert len(starts) == 1, "the upload began anew instead of going on"
    with bo.page.expect_download() as download:
        bo.page.get_by_role("link", name="Download big.bin").click()
    received = hashlib.sha256(open(download.value.path(), "rb").read()).hexdigest()
    assert received == hashlib.sha256(big.read_bytes()).hexdigest()
    # Pages may report a killed server as a problem.
    ana.problems.clear()
    bo.problems.clear()


def test_a_cancelled_upload_leaves_nothing(two, tmp_path):
    ana, _ = two
    big = tmp_path / "big.bin"
    big.write_bytes(noise(12_000_000))
    session = ana.context.new_cdp_session(ana.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2_000_000})
    ana.attach(big)
    expect(ana.page.get_by_role("progressbar")).to_be_visible()
    with ana.page.expect_request(lambda request: request.method == "DELETE" and "/upload/" in request.url) as deletion:
        ana.page.get_by_role("button", name="Remove big.bin").click()
    assert deletion.value.response().status == 204
    expect(ana.page.get_by_role("list", name="Attachments")).to_have_count(0)


def test_texts_are_shown_in_the_conversation_and_code_in_colors(two):
    ana, bo = two
    lines = "".join(f"line {number} " + "word " * 20 + "\n" for number in range(3_000))
    ana.attach(
        {"name": "sums.py", "mimeType": "text/x-python", "buffer": b"import math\n\n\ndef area(radius):\n    return math.pi * radius ** 2\n"},
        {"name": "long.txt", "mimeType": "text/plain", "buffer": lines.encode()},
        {"name": "drawing.svg", "mimeType": "image/svg+xml", "buffer": b"<svg xmlns='http://www.w3.org/2000/svg'/>"},
    )
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(3)
    asked = []
    bo.page.on("request", lambda request: "/file?" in request.url and asked.append(request.headers.get("range")))
    ana.say("some texts")
    for who in (ana, bo):
        row = who.message("some texts")
        expect(row.get_by_role("region", name="The beginning of sums.py")).to_contain_text("return math.pi * radius ** 2")
        expect(row.locator(".code-keyword").first).to_have_text("import")
        expect(row.get_by_role("region", name="The beginning of long.txt")).to_contain_text("line 0 word")
        expect(row.locator(".text-preview")).to_have_count(2)
    assert asked == ["bytes=0-4095"] * 2
    # Whole lines only, and more of them in a box that scrolls.
    region = bo.page.get_by_role("region", name="The beginning of long.txt")
    assert len(region.inner_text()) < 4_096 and region.inner_text().endswith("word")
    # Before it is opened, it has the same height as before its text was there.
    assert bo.page.evaluate("[...document.querySelectorAll('.text-preview')].map(box => box.clientHeight)") == [150, 150]
    problems = [each for each in Axe().run(bo.page).response["violations"]]
    assert problems == [], [(problem["id"], problem["nodes"][0]["html"]) for problem in problems]
    bo.message("some texts").get_by_role("button", name="Open", exact=True).last.click()
    expect(bo.page.get_by_text("This is the beginning.")).to_be_visible()
    expect(region).to_contain_text("line 1000 ")
    assert region.evaluate("box => box.scrollHeight > box.clientHeight && box.clientHeight <= innerHeight * 0.61")
    bo.page.get_by_role("button", name="Close", exact=True).click()
    expect(bo.page.get_by_text("This is the beginning.")).to_have_count(0)


def test_a_pdf_shows_the_top_of_its_first_page(two, tmp_path):
    ana, bo = two
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf("Quarterly report", "second"))
    ana.attach(path)
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(1)
    ana.say("the report")
    for who in (ana, bo):
        picture = who.message("the report").locator(".file-card-page img")
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") >= 364
        assert who.message("the report").locator(".file-card-page").evaluate("box => box.clientHeight") == 150
    with bo.page.expect_download() as download:
        bo.message("the report").get_by_role("link", name="Download report.pdf").click()
    assert download.value.suggested_filename == "report.pdf"
    problems = [each for each in Axe().run(bo.page).response["violations"]]
    assert problems == [], [(problem["id"], problem["nodes"][0]["html"]) for problem in problems]
