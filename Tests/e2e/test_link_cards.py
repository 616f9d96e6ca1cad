"""Cards of links: what a server fetches, keeps and shows of the pages to which messages lead, and what it does not."""

import gzip
import re
import threading

import pytest
import requests

from parley import PATIENCE, assert_problem, free_port, until
from pictures import picture
from site_server import Site


@pytest.fixture(scope="module")
def cards(postgres, tmp_path_factory):
    """A server that makes cards, also of pages on 127.0.0.1."""
    from parley import Server

    database, metrics = postgres.clone(), free_port()
    settings = {"LINK_CARDS": "on", "LINK_CARDS_ALLOW": "127.0.0.1", "METRICS_PORT": str(metrics), "ORPHAN_HOURS": "1"}
    with Server(database=database, storage=tmp_path_factory.mktemp("storage"), settings=settings) as server:
        server.metrics = f"http://127.0.0.1:{metrics}/metrics"
        yield server
        assert server.is_running, "the server died during the tests: " + server.log
    postgres.drop(database)


@pytest.fixture
def site():
    with Site() as site:
        yield site


def outcomes(server):
    text = requests.get(server.metrics).text
    return {name: int(value) for name, value in re.findall(r'parley_link_cards_total\{result="(\w+)"\} (\d+)', text)}


def without_card(server, person, conversation, text):
    """Sends a message, and waits until its link was given up."""
    before = outcomes(server)
    message = person.send(conversation, text)
    until(lambda: outcomes(server)["none"] == before["none"] + 1, "the link to be given up")
    assert outcomes(server)["made"] == before["made"]
    assert "card" not in person.get(f"/messages/{message['id']}").json()["message"]
    return message


def with_card(device, conversation, text):
    """Sends a message, and waits for its card. Returns the message as it is then."""
    sent = device.send(conversation, text)
    assert "card" not in sent
    return device.wait_for("message:updated", lambda m: m["id"] == sent["id"] and "card" in m)


def test_a_card_comes_live_and_stays(cards, site):
    alice, bob = cards.people("alice", "bob")
    conversation = alice.direct(bob)
    site.pages["/picture.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("jpg", orientation=6))
    url = site.page(
        "/article?a=1&b=2", "Plain title", site.meta("og:title", "The &amp; title"), site.meta("og:site_name", "The site"),
        site.meta("og:description", "What it\n says"), site.meta("og:image", "/picture.jpg"))
    with bob.connect() as b, alice.connect() as a:
        text = f"look: ({url}#part), and {site.url}/other"
        sent = alice.send(conversation, text)
        assert "card" not in sent
        seen = b.wait_for("message:updated", lambda m: m["id"] == sent["id"])
        assert seen["revision"] == sent["revision"] + 1 and "editedAt" not in seen
        card = seen["card"]
        assert {k: v for k, v in card.items() if k != "picture"} == {
            "url": url + "#part", "title": "The & title", "description": "What it says", "siteName": "The site"}
        # As any picture: turned, made small, and without its metadata.
        shown = card["picture"]
        assert (shown["width"], shown["height"]) == (300, 400) and shown["blurhash"]
        thumbnail = requests.get(cards.url + shown["thumbnails"][0]["url"])
        assert thumbnail.status_code == 200 and thumbnail.headers["Content-Type"] == "image/webp"
        assert b"Secret" not in thumbnail.content
        assert a.wait_for("message:updated", lambda m: m["id"] == sent["id"]) == seen
        known = sent["revision"]
    # In history, in the search, alone, and to whoever was away.
    assert alice.get(f"/messages/{sent['id']}").json()["message"]["card"] == card
    history = bob.get(f"/messages?conversationId={conversation}").json()["messages"]
    assert history[-1]["card"] == card
    assert bob.get(f"/messages?conversationId={conversation}&before=1000").json()["messages"][-1]["card"] == card
    assert bob.get(f"/messages/search?q=look&conversationId={conversation}").json()["messages"][0]["card"] == card
    changed = bob.get(f"/messages?conversationId={conversation}&sinceRevision={known}").json()["messages"]
    assert [m["card"] for m in changed] == [card]
    with bob.connect() as b:
        synced = b.emit("sync", {"known": {conversation: known}})
        assert [m["card"] for m in synced["conversations"][0]["messages"]] == [card]
    # The second link was not asked for, and nothing was said of who wrote.
    assert not site.visited("/other")
    [visit] = site.visited("/article?a=1&b=2")
    assert set(visit) <= {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"} and "Parley" in visit["User-Agent"]


def test_only_members_see_the_picture(cards, site):
    alice, bob, mallory = cards.people("alice", "bob", "mallory")
    conversation = alice.direct(bob)
    site.pages["/p.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("jpg"))
    url = site.page("/", "T", site.meta("og:image", "/p.jpg"))
    with alice.connect() as a:
        card = with_card(a, conversation, url)["card"]
    path = card["picture"]["thumbnails"][0]["url"].split("?")[0]
    assert bob.get(path).status_code == 200
    assert mallory.get(path).status_code == 404
    assert cards.request("GET", path).status_code == 401


@pytest.mark.parametrize(
    "page", [
        (404, {"Content-Type": "text/html"}, b"<title>No</title>"),
        (200, {"Content-Type": "application/json"}, b"<title>No</title>"),
        (200, {"Content-Type": "image/jpeg"}, picture("jpg")),
        (200, {}, b"<title>No</title>"),
        (200, {"Content-Type": "text/html"}, b""),
        (200, {"Content-Type": "text/html"}, b"no title"),
        (302, {"Location": "/else"}, b""),
        (302, {"Location": "http://127.0.0.2:1/"}, b""),
        (302, {"Location": "http://[::1]:1/"}, b""),
        (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""),
        (302, {"Location": "file:///etc/passwd"}, b""),
        (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(b"<title>" + b" " * 50_000_000)),
    ], ids=lambda page: f"{page[0]} {next(iter(page[1].values()), 'nothing')}"[:40])
def test_what_is_no_page_gives_no_card(cards, site, page):
    alice, bob = cards.people("alice", "bob")
    site.pages["/"] = page
    without_card(cards, alice, alice.direct(bob), site.url)
    assert len(site.visits) in (1, 2)


@pytest.mark.parametrize(
    "url", [
        "http://127.0.0.2:{}/", "http://[::1]:{}/", "http://10.0.0.1/", "http://0x7f000002:{}/", "http://2130706434:{}/",
        "http://user:password@127.0.0.1:{}/", "http://[::ffff:127.0.0.2]:{}/", "http://169.254.169.254/", "http://0/",
    ])
def test_private_addresses_are_not_visited(cards, site, url):
    alice, bob = cards.people("alice", "bob")
    site.page("/", "No")
    without_card(cards, alice, alice.direct(bob), url.format(site.port))
    assert not site.visits


def test_a_compressed_page_is_read(cards, site):
    alice, bob = cards.people("alice", "bob")
    body = gzip.compress(b"<title>Small</title>" + b" " * 400_000)
    site.pages["/"] = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, body)
    with alice.connect() as a:
        assert with_card(a, alice.direct(bob), site.url)["card"] == {"url": site.url, "title": "Small"}


def test_redirects_and_encodings(cards, site):
    alice, bob = cards.people("alice", "bob")
    site.pages["/a"] = (301, {"Location": "b"}, b"")
    site.pages["/b"] = (308, {"Location": f"{site.url}/c"}, b"")
    site.pages["/c"] = (200, {"Content-Type": "text/html; charset=windows-1251"}, "<title>Привет</title>".encode("cp1251"))
    site.pages["/d"] = (200, {"Content-Type": "text/html"}, "<title>あ</title><meta charset=shift_jis>".encode("shift_jis"))
    with alice.connect() as a:
        conversation = alice.direct(bob)
        assert with_card(a, conversation, f"{site.url}/a")["card"] == {"url": f"{site.url}/a", "title": "Привет"}
        assert with_card(a, conversation, f"{site.url}/d")["card"]["title"] == "あ"


def test_an_endless_page_is_cut(cards, site):
    alice, bob = cards.people("alice", "bob")
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        handler.wfile.write(b"<title>Endless</title>")
        try:
            while True:
                handler.wfile.write(b" " * 65536)
                sent.append(65536)
        finally:
            sent.append(None)

    site.pages["/"] = endless
    with alice.connect() as a:
        assert with_card(a, alice.direct(bob), site.url)["card"]["title"] == "Endless"
    until(lambda: sent[-1:] == [None], "the connection to end")
    # What the sockets hold, too, was sent.
    assert sum(sent[:-1]) < 30_000_000


def test_a_silent_page_does_not_hold_up_others(cards, site):
    """Also not the message, nor its acknowledgement."""
    alice, bob = cards.people("alice", "bob")
    conversation = alice.direct(bob)
    free = threading.Event()
    site.pages["/slow"] = lambda handler: free.wait(PATIENCE)
    site.page("/quick", "Quick")
    before = outcomes(cards)["none"]
    with alice.connect() as a, bob.connect() as b:
        slow = a.send(conversation, f"{site.url}/slow")
        until(lambda: site.visited("/slow"), "the visit")
        assert b.wait_for("message:received", lambda m: m["id"] == slow["id"])
        assert with_card(a, conversation, f"{site.url}/quick")["card"]["title"] == "Quick"
        assert "card" not in alice.get(f"/messages/{slow['id']}").json()["message"]
    until(lambda: outcomes(cards)["none"] > before, "the silent page to be given up")
    assert not free.is_set()
    free.set()


def test_a_picture_that_is_none_is_left_out(cards, site):
    alice, bob = cards.people("alice", "bob")
    conversation = alice.direct(bob)
    huge = b"GIF89a" + (65535).to_bytes(2, "little") * 2 + b"\x80\x00\x00" + b"\x00" * 6 + b"\x2c" + b"\x00" * 4
    pictures = {
        "/bomb.gif": ("image/gif", huge), "/text.png": ("image/png", b"not a picture"),
        "/page.jpg": ("text/html", picture("jpg")), "/drawing.svg": ("image/svg+xml", b"<svg onload='alert(1)'/>"),
        "/large.jpg": ("image/jpeg", picture("jpg") + bytes(6 << 20))}
    with alice.connect() as a:
        for path, (type, body) in pictures.items():
            site.pages[path] = (200, {"Content-Type": type}, body)
            url = site.page("/of" + path, "T", site.meta("og:image", path))
            assert with_card(a, conversation, url)["card"] == {"url": url, "title": "T"}, path
            assert site.visited(path)
        for image in ("http://127.0.0.2:1/x.png", "file:///etc/passwd", "data:image/png;base64,AAAA", ""):
            url = site.page("/elsewhere", "T", site.meta("og:image", image))
            assert with_card(a, conversation, url)["card"] == {"url": url, "title": "T"}, image
    assert cards.sql("SELECT count(*) FROM uploads WHERE owner_id = %s", alice.id) == [(0,)]


def test_the_sender_takes_a_card_away(cards, site):
    alice, bob = cards.people("alice", "bob")
    group = alice.group(bob)
    alice.request("PATCH", f"/conversations/{group}/members/{bob.id}", json={"role": "admin"})
    site.pages["/p.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("jpg"))
    url = site.page("/", "T", site.meta("og:image", "/p.jpg"))
    with alice.connect() as a, bob.connect() as b:
        message = with_card(a, group, url)
        path, file = f"/messages/{message['id']}/card", message["card"]["picture"]["thumbnails"][0]["url"]
        assert_problem(bob.request("DELETE", path), 403, "forbidden")
        assert b.emit("message:dismissCard", {"messageId": message["id"]})["error"]["code"] == "forbidden"
        assert requests.get(cards.url + file).status_code == 200
        answer = alice.request("DELETE", path)
        assert answer.status_code == 200 and "card" not in answer.json()["message"]
        assert answer.json()["message"]["revision"] == message["revision"] + 1
        gone = b.wait_for("message:updated", lambda m: m["id"] == message["id"] and "card" not in m)
        assert gone["revision"] == message["revision"] + 1
        until(lambda: requests.get(cards.url + file).status_code == 410, "the picture to go")
        # Twice is once, and no edit brings it back.
        assert alice.request("DELETE", path).json()["message"] == answer.json()["message"]
        a.emit("message:edit", {"messageId": message["id"], "text": f"again {url}"})
        other = with_card(a, group, f"{url}?other")
        assert "card" not in alice.get(f"/messages/{message['id']}").json()["message"]
        # By a socket, and where there is none yet.
        assert "card" not in a.emit("message:dismissCard", {"messageId": other["id"]})["message"]
        plain = a.send(group, "no link")
        assert a.emit("message:dismissCard", {"messageId": plain["id"]})["message"]["revision"] == plain["revision"]


def test_edits_remove_and_replace_a_card(cards, site):
    alice, bob = cards.people("alice", "bob")
    conversation = alice.direct(bob)
    site.pages["/p.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("jpg"))
    first = site.page("/first", "First", site.meta("og:image", "/p.jpg"))
    second = site.page("/second", "Second")
    with alice.connect() as a, bob.connect() as b:
        message = with_card(a, conversation, first)
        file = message["card"]["picture"]["thumbnails"][0]["url"]
        kept = a.emit("message:edit", {"messageId": message["id"], "text": f"the same: {first}"})["message"]
        assert kept["card"] == message["card"]
        a.emit("message:edit", {"messageId": message["id"], "text": f"{second} and {first}"})
        b.wait_for("message:updated", lambda m: m["id"] == message["id"] and m.get("card", {}).get("title") == "Second")
        until(lambda: requests.get(cards.url + file).status_code == 410, "the first picture to go")
        bare = a.emit("message:edit", {"messageId": message["id"], "text": "no link"})["message"]
        assert "card" not in bare
        b.forget()
        a.emit("message:edit", {"messageId": message["id"], "text": first})
        back = b.wait_for("message:updated", lambda m: m.get("card", {}).get("url") == first and m["text"] == first)
        assert back["card"]["picture"]
        assert len(site.visited("/first")) == 2


def test_a_message_that_is_deleted_before_its_card_comes(cards, site):
    alice, bob = cards.people("alice", "bob")
    conversation = alice.direct(bob)
    free = threading.Event()
    site.pages["/p.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("jpg"))
    late = site.page("/late", "Late", site.meta("og:image", "/p.jpg"))
    status, fields, body = site.pages["/late"]

    def slowly(handler):
        free.wait(PATIENCE)
        handler.send_response(status)
        for name, value in fields.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    site.pages["/late"] = slowly
    before = outcomes(cards)
    message = alice.send(conversation, late)
    until(lambda: site.visited("/late"), "the visit")
    deleted = alice.request("DELETE", f"/messages/{message['id']}").json()["message"]
    free.set()
    until(lambda: outcomes(cards)["none"] == before["none"] + 1, "the card to be dropped")
    assert alice.get(f"/messages/{message['id']}").json()["message"] == deleted
    assert cards.sql("SELECT count(*) FROM uploads WHERE owner_id = %s", alice.id) == [(0,)]
    assert cards.sql("SELECT count(*) FROM link_cards WHERE message_id = %s", message["id"]) == [(0,)]


def test_a_deleted_message_takes_its_card_along(cards, site):
    alice, bob = cards.people("alice", "bob")
    conversation = alice.direct(bob)
    site.pages["/p.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("png"))
    url = site.page("/", "T", site.meta("og:image", "/p.jpg"))
    with alice.connect() as a:
        by_sender, by_moderator, erased = (with_card(a, conversation, f"{url}?{n}") for n in range(3))

        def status(message):
            return requests.get(cards.url + message["card"]["picture"]["thumbnails"][0]["url"]).status_code

        assert [status(m) for m in (by_sender, by_moderator, erased)] == [200] * 3
        gone = alice.request("DELETE", f"/messages/{by_sender['id']}").json()["message"]
        assert "card" not in gone
        until(lambda: status(by_sender) == 410, "the picture to go")
        # What a moderator removes can come back, and its card with it.
        cards.sql("SELECT moderation.remove_message(%s)", by_moderator["id"])
        a.wait_for("message:deleted", lambda m: m["id"] == by_moderator["id"])
        until(lambda: status(by_moderator) == 410, "the picture to go")
        assert cards.sql("SELECT card FROM moderation.messages WHERE id = %s", by_moderator["id"]) == [(f"{url}?1\nT",)]
        cards.sql("SELECT moderation.restore_message(%s)", by_moderator["id"])
        back = a.wait_for(
            "message:updated", lambda m: m["id"] == by_moderator["id"] and m["revision"] > by_moderator["revision"])
        assert back["card"]["title"] == "T"
        until(lambda: status(by_moderator) == 200, "the picture to come back")
        # Whoever removes only the picture changes the message.
        upload = by_moderator["card"]["picture"]["thumbnails"][0]["url"].split("/")[2]
        cards.sql("SELECT moderation.remove_upload(%s)", upload)
        a.wait_for("message:updated", lambda m: m["id"] == by_moderator["id"] and "picture" not in m.get("card", {"picture": 1}))
        cards.sql("DELETE FROM messages WHERE id = %s", erased["id"])
        a.wait_for("message:deleted", lambda m: m["id"] == erased["id"])
        until(lambda: status(erased) == 410, "the picture to go")
    assert cards.sql("SELECT message_id::text FROM link_cards WHERE message_id IN (%s, %s)", by_sender["id"], erased["id"]) == []


def test_the_word_filter_holds_for_pages(cards, site):
    alice, bob = cards.people("alice", "bob")
    conversation = alice.direct(bob)
    cards.sql("SELECT moderation.add_blocked_word('badword', 'refuse')")
    cards.sql("SELECT moderation.add_blocked_word('rudeword', 'mask')")
    masked = site.page("/masked", "a rudeword here")
    with alice.connect() as a:
        until(lambda: a.emit("message:send", {"conversationId": conversation, "text": "badword"})["ok"] is False, "the filter")
        assert with_card(a, conversation, masked)["card"]["title"] == "a ******** here"
        without_card(cards, alice, conversation, site.page("/refused", "a badword here"))


def test_off_by_a_setting(start_server, site):
    server = start_server(LINK_CARDS="off", LINK_CARDS_ALLOW="127.0.0.1")
    alice, bob = server.people("alice", "bob")
    conversation = alice.direct(bob)
    with alice.connect() as a:
        message = a.send(conversation, site.page("/", "T"))
        assert a.emit("message:dismissCard", {"messageId": message["id"]})["ok"]
    server.stop()
    assert not site.visits


def test_links_into_this_server_are_skipped(start_server, site):
    port = free_port()
    server = start_server(
        LINK_CARDS="on", LINK_CARDS_ALLOW="127.0.0.1", PUBLIC_URL=f"http://127.0.0.1:{port}", PORT=str(port))
    alice, bob = server.people("alice", "bob")
    url = site.page("/", "Outside")
    with alice.connect() as a:
        card = with_card(a, alice.direct(bob), f"{server.url}/conversations/x and {url}")["card"]
        assert card == {"url": url, "title": "Outside"}
