"""Pictures, films and sounds in the conversation: their places, and what moves and plays."""

import re
import subprocess

import pytest
from drawings import png
from playwright.sync_api import expect

from parley import until

FFMPEG = ["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i"]


@pytest.fixture
def film(tmp_path):
    made = tmp_path / "film.mp4"
    source = "testsrc=size=320x180:rate=10:duration=8"
    subprocess.run([*FFMPEG, source, "-pix_fmt", "yuv420p", "-movflags", "+faststart", made], check=True)
    return made


@pytest.fixture
def song(tmp_path):
    made = tmp_path / "song.ogg"
    subprocess.run([*FFMPEG, "sine=frequency=440:duration=8", "-c:a", "libvorbis", made], check=True)
    return made


@pytest.fixture
def clip(tmp_path):
    """An animation of 20 pictures in two seconds."""
    made = tmp_path / "clip.gif"
    subprocess.run([*FFMPEG, "testsrc=size=160x120:rate=10:duration=2", made], check=True)
    return made


def test_a_bubble_stays_as_it_is_when_its_message_arrives(two, tmp_path, film, song):
    ana, bo = two
    note = tmp_path / "note.txt"
    note.write_text("a note")
    pictures = [png(tmp_path / f"{name}.png", *size) for name, size in (("a", (504, 339)), ("b", (90, 700)), ("c", (900, 90)))]
    cases = {
        "": pictures[:1], "one": pictures[:1], "narrow": pictures[1:2], "three": pictures, "film": [film],
        "song": [song], "note": [note], "all of them": [*pictures, film, song, note], "no file at all": [],
    }
    for text, files in cases.items():
        if files:
            ana.attach(*files)
            expect(ana.page.locator(".tray-item.is-done")).to_have_count(len(files))
        ana.context.set_offline(True)
        expect(ana.page.get_by_text("Offline.")).to_be_visible()
        ana.composer.fill(text)
        ana.page.get_by_role("button", name="Send").click()
        bubble = ana.page.get_by_role("article").last.locator(".bubble")
        expect(bubble).to_contain_text(re.compile("Sending|Uploading"))
        until(lambda: ana.page.wait_for_timeout(50) or bubble.locator(".picture.is-loading").count() == 0, "previews are shown")
        before = bubble.bounding_box()
        ana.context.set_offline(False)
        expect(bubble).to_contain_text(re.compile("Sent|Delivered|Read"))
        after = bubble.bounding_box()
        assert (before["width"], before["height"]) == (after["width"], after["height"]), (text, before, after)
        # A page that has only the server's copy lays it out alike.
        there = bo.page.get_by_role("article").last.locator(".bubble")
        expect(there).to_contain_text(text)
        if files:
            assert abs(there.bounding_box()["height"] - after["height"]) < 1, text
    ana.problems.clear()


def test_there_is_no_strip_beside_a_film_or_picture(two, tmp_path, film):
    ana, _ = two
    for file in (film, png(tmp_path / "tall.png", 300, 500)):
        ana.attach(file)
        expect(ana.page.locator(".tray-item.is-done")).to_have_count(1)
        ana.say(f"{file.name}: " + "a long text that would be much wider than what it is about " * 4)
        bubble = ana.message(file.name).locator(".bubble")
        expect(bubble).to_contain_text(re.compile("Sent|Delivered|Read"))
        shown = bubble.locator(".film, .pictures").bounding_box()
        assert shown["width"] > 200 and shown["height"] > 150, shown
        box = bubble.bounding_box()
        assert 0 <= shown["x"] - box["x"] <= 8 and 0 <= box["x"] + box["width"] - shown["x"] - shown["width"] <= 8, (shown, box)


def test_ten_pictures_are_a_mosaic(two, tmp_path):
    ana, bo = two
    shapes = [(400, 300), (300, 400), (800, 200), (300, 300), (200, 600)] * 2
    ana.attach(*(png(tmp_path / f"p{number}.png", width, height, number * 20) for number, (width, height) in enumerate(shapes)))
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(10)
    ana.say("ten")
    for who in (ana, bo):
        place = who.message("ten").locator(".pictures")
        expect(place.locator(".tile")).to_have_count(6)
        assert place.bounding_box()["height"] <= 420
        expect(place.locator(".tile-more")).to_have_text("+4")
    bo.page.get_by_role("button", name="Open p5.png, and 4 more").click()
    viewer = bo.page.get_by_role("dialog", name="Picture viewer")
    expect(viewer).to_contain_text("6 of 10")
    bo.page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("p6.png")


def frames(who, image, count=6):
    """How many different pictures are seen in about a second."""
    seen = set()
    for _ in range(count):
        seen.add(image.screenshot())
        who.page.wait_for_timeout(170)
    return len(seen)


def test_an_animation_moves_and_is_paused(person, clip):
    ana, bo = person("Ana", None), person("Bo", None, reduced_motion="reduce")
    path = "/c/" + ana.direct(bo)
    for who in (ana, bo):
        who.open(path)
        expect(who.composer).to_be_visible()
    ana.attach(clip)
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(1)
    ana.page.get_by_role("button", name="Send").click()
    image = ana.page.get_by_role("article").locator("img")
    expect(ana.page.get_by_role("button", name="Pause clip.gif")).to_be_visible()
    until(lambda: frames(ana, image) > 1, "the animation moves")
    ana.page.get_by_role("button", name="Pause clip.gif").click()
    play = ana.page.get_by_role("button", name="Play clip.gif")
    expect(play).to_be_visible()
    until(lambda: frames(ana, image, 3) == 1, "the animation stands still")
    play.click()
    until(lambda: frames(ana, image) > 1, "the animation goes on")
    # Whoever wants no motion starts it themselves.
    image = bo.page.get_by_role("article").locator("img")
    expect(bo.page.locator(".picture.is-shown")).to_be_visible()
    expect(bo.page.get_by_role("button", name="Play clip.gif")).to_be_visible()
    assert frames(bo, image) == 1
    bo.page.get_by_role("button", name="Play clip.gif").click()
    until(lambda: frames(bo, image) > 1, "the animation moves")


def test_an_animation_is_paused_in_the_viewer(person, clip):
    ana, bo = person("Ana", None), person("Bo", None, reduced_motion="reduce")
    path = "/c/" + ana.direct(bo)
    ana.open(path)
    ana.attach(clip)
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(1)
    ana.page.get_by_role("button", name="Send").click()
    bo.open(path)
    for who, moves in ((ana, True), (bo, False)):
        who.page.get_by_role("button", name="Open clip.gif").click()
        viewer = who.page.get_by_role("dialog", name="Picture viewer")
        image = viewer.get_by_role("img", name="clip.gif")
        expect(viewer.get_by_role("button", name="Pause clip.gif" if moves else "Play clip.gif")).to_be_visible()
        if moves:
            until(lambda: frames(who, image) > 1, "the animation moves")
            viewer.get_by_role("button", name="Pause clip.gif").click()
            until(lambda: frames(who, image, 3) == 1, "the animation stands still")
        else:
            until(lambda: image.evaluate("image => image.complete && image.naturalWidth > 0"), "the picture is there")
            assert frames(who, image) == 1
        viewer.get_by_role("button", name="Play clip.gif").click()
        until(lambda: frames(who, image) > 1, "the animation moves")


def test_players_have_lengths_keys_and_speeds(two, film, song):
    ana, bo = two
    ana.attach(film, song)
    ana.say("look and listen")
    row = bo.message("look and listen")
    expect(row.locator(".film-length")).to_have_text("0:08")
    expect(row.locator(".sound .player-time")).to_have_text("0:08")
    bo.page.evaluate("() => { for (const medium of document.querySelectorAll('video, audio')) medium.muted = true; }")
    row.get_by_role("button", name="Play film.mp4").click()
    film_time = "() => document.querySelector('video').currentTime"
    bo.page.wait_for_function("() => document.querySelector('video').currentTime > 0.1")
    bo.page.keyboard.press("k")
    bo.page.wait_for_function("() => document.querySelector('video').paused")
    at = bo.page.evaluate(film_time)
    row.get_by_role("group", name="film.mp4").get_by_role("slider", name="Position").focus()
    bo.page.keyboard.press("ArrowRight")
    bo.page.wait_for_function("at => document.querySelector('video').currentTime >= at + 4.5", arg=at)
    bo.page.keyboard.press("k")
    bo.page.wait_for_function("() => !document.querySelector('video').paused")
    # One at a time. What fails once, as a busy browser's sound may, is tried again.
    failed = []

    def fail_once(route):
        failed.append(route.request.url)
        route.abort() if len(failed) == 1 else route.continue_()

    bo.page.route(bo.url + bo.page.locator("audio").get_attribute("src"), fail_once)
    row.get_by_role("button", name="Play song.ogg").click()
    bo.page.wait_for_function("() => !document.querySelector('audio').paused && document.querySelector('video').paused")
    speed = row.get_by_role("button", name=re.compile("^Speed"))
    for shown in ("1.5×", "2×", "1×"):
        speed.click()
        expect(speed).to_have_text(shown)
        assert bo.page.evaluate("() => document.querySelector('audio').playbackRate") == float(shown[:-1])
    expect(row.locator(".wave path")).to_have_count(2)
    # A URL that has ended is replaced while it plays.
    bo.page.evaluate("() => { document.querySelector('audio').src += '#again'; }")
    bo.page.wait_for_function("() => { const audio = document.querySelector('audio'); return !audio.paused && audio.currentTime > 0.5; }")
    expect(row.get_by_role("button", name="Pause song.ogg")).to_be_visible()
    assert len(failed) > 1
    bo.problems.clear()


def test_films_and_sounds_are_saved_and_what_cannot_be_played_is_a_file(two, tmp_path, film, song):
    ana, bo = two
    old = tmp_path / "old.avi"
    subprocess.run([*FFMPEG, "testsrc=size=160x120:rate=10:duration=1", "-c:v", "mpeg4", old], check=True)
    ana.attach(film, song, old)
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(3)
    ana.say("three to keep")
    row = bo.message("three to keep")
    row.get_by_role("button", name="Play film.mp4").click()
    for name in ("film.mp4", "song.ogg"):
        with bo.page.expect_download() as saved:
            row.get_by_role("link", name=f"Download {name}").click()
        assert saved.value.suggested_filename == name
    # Whoever sent it has no more than the others.
    for who in (bo, ana):
        there = who.message("three to keep")
        there.get_by_role("button", name="Play old.avi").click()
        expect(there.locator("a.file-card")).to_contain_text("old.avi")
