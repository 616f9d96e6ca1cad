"""Takes a picture of every view for people to look at: desktop and phone, light and dark. It is no test and runs only by name:

    pytest Tests/e2e/web/screenshots.py        pictures in .build/screenshots, or where SCREENSHOTS says
"""

import os
import pathlib
import re
import subprocess

import pytest
from devices import DESKTOP, PHONE
from playwright.sync_api import expect

from documents import pdf
from moderation import wait_for_words

PLACE = pathlib.Path(os.environ.get("SCREENSHOTS", ".build/screenshots"))
PICTURES_IN_VIEW = """
  () => Promise.all([...document.images]
    .filter((image) => image.getBoundingClientRect().top < innerHeight && image.getBoundingClientRect().bottom > 0)
    .map((image) => image.decode().catch(() => {})))
"""
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff Maximilian-Alexander"
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


def media(directory):
    """A few files as people send them."""
    made = {}
    for name, source, options in (
        ("valley.jpg", "mandelbrot=size=1600x1000:start_scale=0.4", []),
        ("tower.jpg", "gradients=size=700x1100:c0=0x224466:c1=0xee9955:seed=3", []),
        ("lake.jpg", "gradients=size=1200x900:c0=0x1f7886:c1=0xf2e2b0:seed=5", []),
        ("face.jpg", "gradients=size=400x400:c0=0x884466:c1=0xffccaa:seed=8", []),
        ("clip.mp4", "testsrc2=size=640x360:rate=12:duration=2", ["-pix_fmt", "yuv420p"]),
    ):
        made[name] = directory / name
        frames = [] if name.endswith("mp4") else ["-frames:v", "1"]
        subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", source, *frames, *options, made[name]], check=True)
    made["memo.ogg"] = directory / "memo.ogg"
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "sine=duration=7", "-c:a", "libvorbis", made["memo.ogg"]], check=True)
    made["Quarterly report with a rather long name 2026 final (2).pdf"] = report = directory / "report.pdf"
    report.write_bytes(pdf("Quarterly report\n\nRevenue grew in all four regions,\nand costs did not.", "Figures"))
    return made


def upload(who, path, name=None):
    headers = {"Authorization": f"Bearer {who.token}", "Content-Type": "application/octet-stream"}
    answer = who.context.request.put(f"{who.url}/upload/{name or path.name}", headers=headers, data=path.read_bytes())
    assert answer.ok, answer.text()
    return answer.json()["uploads"][0]["id"]


def send(who, conversation, text="", files=(), **fields):
    body = {"conversationId": conversation, "text": text, "attachments": list(files), **fields}
    return who.api("POST", "/messages", body)["message"]


def say(who, text):
    """Sends by the button, because on a phone Enter begins a new line."""
    who.composer.fill(text)
    who.page.get_by_role("button", name="Send").click()


@pytest.fixture
def world(person, tmp_path):
    """Ana, whose page is shown, with her contacts and her data."""

    def make(**options):
        files = media(tmp_path)
        ana = person("Ana Lindqvist", None, **options)
        bo, chiara, long, amal = (person(name, None) for name in ("Bo Halvorsen", "Chiara Rossi", LONG_NAME, "أمل الحسن"))
        for who in (bo, chiara):
            who.api("PATCH", "/auth/me", {"avatarUploadId": upload(who, files["face.jpg"]), "about": "Likes hills, and coffee on top of them."})
        direct, with_long, with_amal = ana.direct(bo), ana.direct(long), ana.direct(amal)
        members = [who.id for who in (bo, chiara, long, amal)]
        group = ana.api("POST", "/conversations", {"kind": "group", "title": "Weekend hikers", "visibility": "public", "memberIds": members})["id"]
        bo.api("POST", "/conversations", {"kind": "group", "title": "Board games " + LONG_WORD[:60], "visibility": "public"})
        chiara.api("POST", "/conversations", {"kind": "group", "title": "Sourdough", "visibility": "public"})

        send(long, with_long, "A word: " + LONG_WORD)
        send(ana, with_long, "https://example.org/a/very/long/address/" + "segment/" * 12)
        send(amal, with_amal, "مرحبا! كيف حالك اليوم؟ هل نلتقي غدًا في الساعة 10:30؟")
        send(ana, with_amal, "Yes! Tomorrow at 10:30 — غدًا إن شاء الله 🙂")
        send(amal, with_amal, "👍")

        first = send(bo, group, "Who is coming on Saturday? The forecast is *finally* good.")
        send(chiara, group, "Me! 🎒")
        send(chiara, group, "I can take three people in the car, leaving at eight from the station.")
        ana.api("PUT", f"/messages/{first['id']}/reactions/%F0%9F%91%8D")
        chiara.api("PUT", f"/messages/{first['id']}/reactions/%F0%9F%91%8D")
        long.api("PUT", f"/messages/{first['id']}/reactions/%F0%9F%8E%89")
        send(ana, group, "Count me in", replyTo=first["id"])
        send(long, group, "Would half past eight be possible too? I have to bring the dog to my sister first.")
        gone = send(amal, group, "oops")
        amal.api("DELETE", f"/messages/{gone['id']}")

        send(bo, direct, "Hi Ana, these are from last week:")
        send(bo, direct, "", [upload(bo, files["valley.jpg"])])
        send(bo, direct, "And the rest", [upload(bo, files[name]) for name in ("tower.jpg", "lake.jpg", "valley.jpg")])
        send(ana, direct, "😍")
        send(ana, direct, "Lovely. Here is the report, the clip and the memo:", [upload(ana, path, name) for name, path in files.items() if not name.endswith("jpg")])
        edited = send(ana, direct, "See you a nine")
        ana.api("PATCH", f"/messages/{edited['id']}", {"text": "See you at nine"})
        send(bo, direct, "Perfect. The map is at https://example.org/map?route=12 (print it, there is no signal up there).")
        return ana, bo, {"direct": direct, "long": with_long, "amal": with_amal, "group": group, "files": files}

    return make


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_take_them(browser, server, person, world, device, scheme):
    options = {"color_scheme": scheme, "reduced_motion": "reduce", **(PHONE if device == "phone" else DESKTOP)}
    PLACE.mkdir(parents=True, exist_ok=True)
    numbers = iter(range(1, 100))

    def shoot(page, name):
        page.evaluate(PICTURES_IN_VIEW)
        page.screenshot(path=PLACE / f"{device}-{scheme}-{next(numbers):02}-{name}.png")

    context = browser.new_context(base_url=server.url, **options)
    page = context.new_page()
    for path in ("login", "register"):
        page.goto(f"/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        shoot(page, path)
    page.goto("/login")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password", exact=True).fill("wrong password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    shoot(page, "login-refused")
    context.close()

    new = person("Nora Newcomer", **options)
    expect(new.page.get_by_text("No conversations yet")).to_be_visible()
    shoot(new.page, "nothing-yet")
    new.page.context.close()

    ana, bo, ids = world(**options)
    page = ana.page

    def visit(path, name, ready):
        ana.open(path)
        expect(ready(page).first).to_be_visible()
        expect(page.locator(".spinner")).to_have_count(0)
        shoot(page, name)

    visit("/", "list", lambda page: page.get_by_role("link", name=re.compile("Weekend hikers")))
    visit(f"/c/{ids['group']}", "group", lambda page: page.get_by_role("article"))
    bo.open(f"/c/{ids['group']}")
    bo.composer.press_sequentially("we")
    expect(page.locator(".subtitle")).to_contain_text("typing")
    shoot(page, "typing")
    bo.composer.fill("")
    visit(f"/c/{ids['direct']}", "files", lambda page: page.get_by_role("article"))
    page.get_by_role("region", name="Messages").evaluate("element => { element.scrollTop = 0; }")
    expect(page.get_by_role("img", name="valley.jpg").first).to_be_in_viewport()
    shoot(page, "pictures")
    page.get_by_role("button", name="Open valley.jpg").first.click()
    expect(page.get_by_role("dialog", name="Picture viewer")).to_be_visible()
    shoot(page, "viewer")
    visit(f"/c/{ids['long']}", "long-words", lambda page: page.get_by_role("article"))
    visit(f"/c/{ids['amal']}", "right-to-left", lambda page: page.get_by_role("article"))

    visit(f"/c/{ids['group']}", "group-again", lambda page: page.get_by_role("article"))
    message = page.get_by_role("article").filter(has_text="Me!")
    message.hover()
    shoot(page, "hover")
    message.get_by_role("button", name="Message actions").click()
    expect(page.get_by_role("menu")).to_be_visible()
    shoot(page, "menu")
    page.get_by_role("menuitem", name="Report").click()
    shoot(page, "dialog")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Insert emoji").click()
    expect(page.get_by_role("dialog", name="Emoji")).to_be_visible()
    shoot(page, "emoji")
    page.keyboard.press("Escape")
    message.hover()
    message.get_by_role("button", name="Message actions").click()
    page.get_by_role("menuitem", name="Reply").click()
    ana.attach(*(ids["files"][name] for name in ("valley.jpg", "memo.ogg")))
    ana.composer.fill("An answer with files,\nand of two lines")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    shoot(page, "composing")
    page.locator("main").dispatch_event("dragover", {"dataTransfer": page.evaluate_handle("() => { const transfer = new DataTransfer(); transfer.items.add(new File([''], 'a')); return transfer; }")})
    shoot(page, "drag-over")

    visit(f"/c/{ids['group']}/details", "details-group", lambda page: page.get_by_role("heading", name="Members"))
    visit(f"/c/{ids['direct']}/details", "details-person", lambda page: page.get_by_role("heading", name="Bo Halvorsen"))
    ana.open(f"/c/{ids['group']}/search")
    page.get_by_role("main").get_by_role("searchbox").fill("eight")
    expect(page.get_by_role("main").get_by_role("listitem").first).to_be_visible()
    shoot(page, "search-here")
    visit("/new", "new", lambda page: page.get_by_role("button", name=re.compile("Bo")))
    ana.open("/new/group")
    page.get_by_label("Group name").fill("Choir")
    page.get_by_role("button", name=re.compile("Bo Halvorsen")).first.click()
    page.get_by_role("button", name=re.compile("Chiara Rossi")).first.click()
    shoot(page, "new-group")
    visit("/discover", "discover", lambda page: page.get_by_role("listitem").filter(has_text="Sourdough"))
    visit("/profile", "profile", lambda page: page.get_by_role("heading", name="Signed-in devices"))
    page.get_by_role("button", name="Log out").scroll_into_view_if_needed()
    shoot(page, "profile-end")
    visit("/nowhere", "not-found", lambda page: page.get_by_text("There is nothing here"))
    ana.open("/")
    page.get_by_role("searchbox", name="Search").fill("eight")
    expect(page.locator("mark").first).to_be_visible()
    shoot(page, "search")
    page.get_by_role("searchbox", name="Search").fill("nothing at all")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    shoot(page, "search-nothing")

    ana.open(f"/c/{ids['direct']}")
    expect(ana.composer).to_be_visible()
    expect(page.locator(".subtitle")).to_have_text(re.compile("online|last seen"))
    server.sql("SELECT moderation.mute_user(%s, now() + interval '1 hour', 'shouting')", ana.username)
    expect(page.get_by_text("has muted you")).to_be_visible()
    shoot(page, "muted")
    server.sql("SELECT moderation.unmute_user(%s)", ana.username)
    server.sql("SELECT moderation.add_blocked_word('refused', 'refuse')")
    wait_for_words(server)
    expect(page.get_by_text("has muted you")).to_have_count(0)
    say(ana, "This one is refused")
    expect(ana.message("This one is refused").get_by_role("alert")).to_be_visible()
    shoot(page, "refused")
    server.sql("SELECT moderation.remove_blocked_word('refused')")
    with server.away(server.kill):
        expect(page.get_by_text("Offline.")).to_be_visible()
        say(ana, "Written in the dark")
        shoot(page, "offline")
    ana.sees("Written in the dark")
    ana.problems.clear()
    bo.problems.clear()
