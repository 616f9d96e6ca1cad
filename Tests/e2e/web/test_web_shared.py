"""What was shared in a conversation: its lists, and the viewer that walks through all of it."""

import re

import pytest
from devices import PHONE
from drawings import png
from playwright.sync_api import expect
from test_web_views import check_axe
from work import work_of

from parley import until

MANY = 5_000


def put(who, path):
    headers = {"Authorization": f"Bearer {who.token}", "Content-Type": "application/octet-stream"}
    answer = who.context.request.put(f"{who.url}/upload/{path.name}", headers=headers, data=path.read_bytes())
    assert answer.ok, answer.text()
    return answer.json()["uploads"][0]["id"]


def send(who, conversation, text, *attachments):
    return who.api("POST", "/messages", {"conversationId": conversation, "text": text, "attachments": list(attachments)})["message"]


def share_many(server, who, conversation, upload):
    """Many messages with a picture each, on as many days, as if they had been sent over years."""
    server.sql(
        """WITH made AS (
             INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text, created_at)
             SELECT gen_random_uuid(), c.id, %s, c.last_seq + n, c.revision + n, 'picture ' || n, now() - (5000 - n) * interval '6 hours'
             FROM conversations c, generate_series(1, %s) AS n WHERE c.id = %s RETURNING id
           )
           INSERT INTO attachments (message_id, position, upload_id) SELECT id, 0, %s FROM made""",
        who.id, MANY, conversation, upload)
    server.sql("UPDATE conversations SET last_seq = last_seq + %s, revision = revision + %s WHERE id = %s", MANY, MANY, conversation)


@pytest.fixture
def shared(person, tmp_path):
    """Two people and what they shared: three pictures, a sound, a file and two links."""
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    hill, lake, tower = (put(bo, png(tmp_path / f"{name}.png", *size)) for name, size in (("hill", (300, 200)), ("lake", (200, 300)), ("tower", (80, 700))))
    notes = tmp_path / "notes.txt"
    notes.write_text("some notes")
    send(bo, conversation, "Look *here*", hill, {"id": lake, "alt": "A lake between hills"})
    send(bo, conversation, "see https://example.org/map?route=12 and https://example.org/other", put(bo, notes))
    send(ana, conversation, "", put(ana, png(tmp_path / "mine.png", 120, 120)))
    send(bo, conversation, "the last one", tower)
    return ana, bo, conversation


def tiles(who):
    return who.page.locator(".shared-tile")


def test_the_lists_say_who_shared_what_and_lead_to_it(shared, tmp_path):
    ana, bo, conversation = shared
    ana.open(f"/c/{conversation}/details")
    ana.page.get_by_role("link", name="Media, files and links").click()
    expect(tiles(ana)).to_have_count(4)
    labels = [tile.get_attribute("aria-label") for tile in tiles(ana).all()]
    assert [label.split(". ")[0] for label in labels] == ["Open tower.png", "Open mine.png", "Open A lake between hills", "Open hill.png"]
    assert "Bo, " in labels[0] and "You, " in labels[1]
    tabs = ana.page.get_by_role("navigation", name="Media, files and links")
    tabs.get_by_role("link", name="Files").click()
    expect(ana.page.get_by_role("link", name="Download notes.txt")).to_contain_text(re.compile(r"Text · 10 B · Bo · "))
    tabs.get_by_role("link", name="Links").click()
    lines = ana.page.locator(".shared-line")
    expect(lines).to_have_count(2)
    expect(lines.first.get_by_role("link").first).to_have_attribute("href", "https://example.org/map?route=12")
    lines.nth(1).get_by_role("link", name="Show example.org/other in chat").click()
    expect(ana.message("see https")).to_have_class(re.compile("is-highlighted"))
    # The tabs are one step in the browser's history.
    ana.page.go_back()
    ana.page.go_back()
    expect(ana.page.get_by_role("heading", name="Details")).to_be_visible()


def test_the_lists_follow_what_happens(shared, tmp_path):
    ana, bo, conversation = shared
    ana.open(f"/c/{conversation}/media")
    expect(tiles(ana)).to_have_count(4)
    late = send(bo, conversation, "", put(bo, png(tmp_path / "late.png", 60, 60)))
    expect(tiles(ana)).to_have_count(5)
    expect(tiles(ana).first).to_have_attribute("aria-label", re.compile("^Open late.png"))
    bo.api("DELETE", f"/messages/{late['id']}")
    expect(tiles(ana)).to_have_count(4)
    bo.api("PATCH", "/auth/me", {"displayName": "Boris"})
    expect(tiles(ana).first).to_have_attribute("aria-label", re.compile("Boris, "))


def test_a_new_picture_takes_the_focus_from_none(shared, tmp_path):
    ana, bo, conversation = shared
    ana.open(f"/c/{conversation}/media")
    expect(tiles(ana)).to_have_count(4)
    lake = ana.page.get_by_role("button", name="Open A lake between hills")
    lake.focus()
    lake.evaluate("element => { element.isTheSame = true; }")
    send(bo, conversation, "", put(bo, png(tmp_path / "late.png", 60, 60)))
    expect(tiles(ana)).to_have_count(5)
    expect(lake).to_be_focused()
    assert lake.evaluate("element => element.isTheSame")


def test_a_group_that_was_not_accepted_shows_nothing_of_what_it_shared(person, tmp_path):
    ana, cleo = person("Ana", None), person("Cleo", None)
    group = cleo.api("POST", "/conversations", {"kind": "group", "title": "Easy money", "memberIds": [ana.id]})["id"]
    send(cleo, group, "https://example.org/money", put(cleo, png(tmp_path / "money.png", 60, 60)))
    for kind in ("media", "files", "links"):
        ana.open(f"/c/{group}/{kind}")
        expect(ana.page.get_by_role("button", name="Accept")).to_be_visible()
        expect(ana.page.get_by_role("navigation", name="Media, files and links")).to_have_count(0)


def test_in_groups_what_blocked_people_shared_is_left_out(person, tmp_path):
    ana, bo = person("Ana", None), person("Bo", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Hikers", "visibility": "public"})["id"]
    bo.api("POST", f"/conversations/{group}/join")
    notes = tmp_path / "notes.txt"
    notes.write_text("some notes")
    send(ana, group, "mine", put(ana, png(tmp_path / "first.png", 60, 60)))
    send(bo, group, "see https://example.org/book", put(bo, png(tmp_path / "book.png", 60, 60)), put(bo, notes))
    send(ana, group, "mine too", put(ana, png(tmp_path / "second.png", 60, 60)))
    ana.open(f"/c/{group}/media")
    expect(tiles(ana)).to_have_count(3)
    ana.api("PUT", f"/users/{bo.id}/block")
    expect(tiles(ana)).to_have_count(2)
    tiles(ana).last.click()
    viewer = ana.page.get_by_role("dialog", name="Picture viewer")
    expect(viewer).to_contain_text("first.png")
    ana.page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("second.png")
    for kind, words in (("files", "No files yet"), ("links", "No links yet")):
        ana.open(f"/c/{group}/{kind}")
        expect(ana.page.get_by_text(words)).to_be_visible()
    # What the user opens is shown.
    ana.open(f"/c/{group}")
    ana.page.get_by_role("article").filter(has_text="Message from a blocked person").get_by_role("button", name="Show").click()
    ana.page.get_by_role("button", name="Open book.png").click()
    expect(viewer).to_contain_text("book.png")
    ana.page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("second.png")


def test_an_empty_list_says_so(person):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    for kind, words in (("media", "No media yet"), ("files", "No files yet"), ("links", "No links yet")):
        ana.open(f"/c/{conversation}/{kind}")
        expect(ana.page.get_by_text(words)).to_be_visible()


# How many bytes of JavaScript live, and how many nodes.
def measures(session):
    session.send("HeapProfiler.collectGarbage")
    values = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return values["JSHeapUsedSize"], values["Nodes"]


def test_the_list_of_five_thousand_opens_with_little_work_and_memory(server, person, tmp_path):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    hill = put(ana, png(tmp_path / "hill.png", 300, 200))
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "A few"})["id"]
    for _ in range(61):
        send(ana, group, "", hill)

    def work_in(place):
        ana.open(f"/c/{place}/details")
        link = ana.page.get_by_role("link", name="Media, files and links")
        expect(link).to_be_visible()
        # The scripts are there, as they are soon after every start.
        ana.page.wait_for_load_state("networkidle")

        def enter():
            link.click()
            expect(tiles(ana).first).to_be_visible()

        return work_of(ana.page, enter)

    few = work_in(group)
    share_many(server, ana, conversation, hill)
    # What is opened is the first page of a few hundred.
    assert 0 < work_in(conversation) < 5 * few
    session = ana.page.context.new_cdp_session(ana.page)
    session.send("Performance.enable")
    memory, nodes = measures(session)
    scroller = ana.page.locator(".shared-list")
    # And so it stays down to the oldest of all.
    ana.page.evaluate("() => { window.most = 0; }")
    until(lambda: scroller.evaluate(
        """element => {
          element.scrollTop = element.scrollHeight;
          window.most = Math.max(window.most, element.querySelectorAll(".shared-tile").length);
          return element.querySelector(":scope > .spinner") === null && element.querySelector(".shared-tile:last-child") !== null;
        }""") and ana.page.wait_for_timeout(30) is None and scroller.evaluate(
        "element => element.querySelector(':scope > .spinner') === null && element.scrollTop + element.clientHeight > element.scrollHeight - 20"),
        "the first picture of all", interval=0.1)
    memory_after, nodes_after = measures(session)
    assert ana.page.evaluate("most") < 150
    assert memory_after - memory < 60_000_000
    assert nodes_after - nodes < 5_000


def test_five_thousand_pictures_are_a_list_of_what_is_in_view(server, person, tmp_path):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    share_many(server, bo, conversation, put(bo, png(tmp_path / "hill.png", 300, 200)))
    asked = []
    ana.page.on("request", lambda request: "/media?" in request.url and asked.append(request.url))
    ana.open(f"/c/{conversation}/media")
    expect(tiles(ana).first).to_be_visible()
    assert tiles(ana).count() < 150
    scroller = ana.page.locator(".shared-list")

    def reach_the_end():
        scroller.evaluate("element => { element.scrollTop = element.scrollHeight; }")
        ana.page.wait_for_timeout(30)
        assert tiles(ana).count() < 150
        # A page can come after the scroll, and with it there is more below.
        return scroller.evaluate(
            """element => {
              const list = element.querySelector(".shared-parts").getBoundingClientRect();
              const tile = [...element.querySelectorAll(".shared-tile")].pop().getBoundingClientRect();
              return element.querySelector(":scope > .spinner") === null && list.bottom - tile.bottom < 20;
            }""")

    until(reach_the_end, "the first picture of all")
    # The title of its month may be far above: it depends on the day how many pictures the month has.
    expect(tiles(ana).last).to_be_in_viewport()
    assert len(asked) <= 2 + MANY // 200
    tiles(ana).last.click()
    viewer = ana.page.get_by_role("dialog", name="Picture viewer")
    expect(viewer).to_contain_text("picture 1")
    viewer.get_by_role("button", name="Show in chat").click()
    expect(viewer).to_have_count(0)
    expect(ana.page.get_by_text("picture 1", exact=True)).to_be_visible()


def test_the_viewer_walks_through_the_whole_conversation(shared):
    ana, bo, conversation = shared
    ana.open(f"/c/{conversation}")
    ana.page.get_by_role("button", name="Open hill.png").click()
    viewer = ana.page.get_by_role("dialog", name="Picture viewer")
    expect(viewer.get_by_role("status")).to_contain_text("Bo")
    expect(viewer).to_contain_text("1 of 2")
    expect(viewer).to_contain_text("Look here")
    expect(viewer.get_by_role("button", name="Previous picture")).to_have_count(0)
    ana.page.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("img")).to_have_attribute("alt", "A lake between hills")
    expect(viewer).to_contain_text("Description: A lake between hills")
    ana.page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("mine.png")
    expect(viewer.get_by_role("status")).to_contain_text("You")
    ana.page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("the last one")
    expect(viewer.get_by_role("button", name="Next picture")).to_have_count(0)
    # What is deleted meanwhile goes.
    [message] = [one for one in bo.api("GET", f"/messages?conversationId={conversation}")["messages"] if one["text"] == "the last one"]
    bo.api("DELETE", f"/messages/{message['id']}")
    expect(viewer).to_contain_text("mine.png")
    check_axe(ana.page, "viewer")


def test_the_viewer_says_that_it_could_not_go_on(shared):
    ana, bo, conversation = shared
    ana.open(f"/c/{conversation}")
    expect(ana.page.get_by_role("button", name="Open hill.png")).to_be_visible()
    ana.page.route("**/media?*", lambda route: route.abort())
    ana.page.get_by_role("button", name="Open A lake between hills").click()
    viewer = ana.page.get_by_role("dialog", name="Picture viewer")
    expect(viewer).to_contain_text("lake.png")
    ana.page.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("alert")).to_have_text("This could not be loaded.")
    ana.page.unroute("**/media?*")
    ana.page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("mine.png")
    expect(viewer.get_by_role("alert")).to_have_count(0)
    ana.problems.clear()


def test_what_is_deleted_while_it_is_looked_at_gives_its_place_to_the_next(shared):
    ana, bo, conversation = shared
    ana.open(f"/c/{conversation}")
    viewer = ana.page.get_by_role("dialog", name="Picture viewer")
    with ana.page.expect_response(re.compile(r"/media\?.*before=")):
        ana.page.get_by_role("button", name="Open mine.png").click()
    expect(viewer).to_contain_text("mine.png")
    [message] = [one for one in ana.api("GET", f"/messages?conversationId={conversation}")["messages"] if one["sender"]["id"] == ana.id]
    ana.api("DELETE", f"/messages/{message['id']}")
    expect(viewer).to_contain_text("the last one")
    ana.page.keyboard.press("ArrowLeft")
    expect(viewer).to_contain_text("lake.png")


def test_the_arrow_key_reaches_the_last_of_five_thousand(server, person, tmp_path):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    share_many(server, bo, conversation, put(bo, png(tmp_path / "hill.png", 30, 20)))
    ana.open(f"/c/{conversation}/m/1")
    ana.page.get_by_role("article").filter(has=ana.page.get_by_text("picture 1", exact=True)).get_by_role("button", name="Open hill.png").click()
    viewer = ana.page.get_by_role("dialog", name="Picture viewer")
    expect(viewer.locator(".lightbox-caption")).to_have_text("picture 1")
    # One key press for each picture.
    reached = ana.page.evaluate(
        """async () => {
          const words = () => document.querySelector(".lightbox-caption").textContent;
          const isLast = () => document.querySelector(".lightbox-next") === null;
          const header = document.querySelector(".lightbox header");
          let steps = 0;
          while (!isLast()) {
            const before = words();
            header.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
            for (let turns = 0; words() === before && !isLast(); turns += 1) {
              if (turns > 10_000) return [steps, before];
              await new Promise((resolve) => setTimeout(resolve, 2));
            }
            if (words() !== before) steps += 1;
          }
          return [steps, words()];
        }""")
    assert reached == [MANY - 1, f"picture {MANY}"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_axe_finds_nothing_in_the_lists(person, tmp_path, scheme, device):
    ana = person("Ana", None, color_scheme=scheme, reduced_motion="reduce", **(PHONE if device == "phone" else {}))
    bo = person("Bo", None)
    conversation = ana.direct(bo)
    notes = tmp_path / "notes.txt"
    notes.write_text("some notes")
    send(bo, conversation, "https://example.org/a", put(bo, png(tmp_path / "hill.png", 300, 200)), put(bo, notes))
    for kind, selector in (("media", ".shared-tile"), ("files", ".shared-line"), ("links", ".shared-line")):
        ana.open(f"/c/{conversation}/{kind}")
        expect(ana.page.locator(selector)).to_have_count(1)
        check_axe(ana.page, kind)
