"""Cards of links: below the message, on every device, and taken away by whoever sent it."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from devices import PHONE
from playwright.sync_api import expect

from parley import Server
from pictures import picture
from site_server import Site

SHOTS = os.environ.get("PARLEY_SHOTS")
"""Where pictures of the page are put for people to look at."""


@pytest.fixture(scope="module")
def server(postgres, tmp_path_factory):
    database = postgres.clone()
    settings = {"LINK_CARDS": "on", "LINK_CARDS_ALLOW": "127.0.0.1"}
    with Server(database=database, storage=tmp_path_factory.mktemp("storage"), settings=settings) as server:
        yield server
        assert server.is_running, "the server died during the tests: " + server.log
    postgres.drop(database)


@pytest.fixture
def site():
    with Site() as site:
        site.pages["/wide.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("jpg", 1200, 630))
        site.pages["/small.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("jpg", 300, 300))
        yield site


def card(page, title):
    return page.locator(".link-card").filter(has_text=title)


def wide_page(site):
    return site.page(
        "/wide", "A rather long title of a page that goes on and on, so that it takes two lines and is cut at the end of them",
        site.meta("og:site_name", "The Daily Site"), site.meta("og:image", "/wide.jpg"),
        site.meta("og:description", "What the page says of itself, in some more words than fit into one line of the card. " * 3))


def small_page(site):
    return site.page(
        "/small", "A small picture", site.meta("og:image", "/small.jpg"), site.meta("og:description", "It stands beside the words."))


def test_a_card_appears_and_the_sender_takes_it_away(person, site):
    ana, bo = person("Ana", None), person("Bo", None)
    path = "/c/" + ana.direct(bo)
    ana.open(path)
    bo.open(path)
    ana.say(f"Look at {wide_page(site)}")
    for page in (ana.page, bo.page):
        link = card(page, "A rather long title").get_by_role("link")
        expect(link).to_have_attribute("href", site.url + "/wide")
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        # The picture comes from this server, and from nowhere else.
        source = card(page, "A rather long title").locator("img")
        expect(source).to_have_js_property("complete", True)
        assert source.get_attribute("src").startswith("/upload/") and source.get_attribute("alt") == ""
    assert [fields["User-Agent"] for fields in site.visited("/wide.jpg")] == [site.visited("/wide")[0]["User-Agent"]]
    remove = ana.page.get_by_role("button", name="Remove the preview of A rather long title")
    expect(bo.page.get_by_role("button", name="Remove the preview")).to_have_count(0)
    # By the keyboard, from the link on.
    card(ana.page, "A rather long title").get_by_role("link").focus()
    ana.page.keyboard.press("Tab")
    expect(remove).to_be_focused()
    ana.page.keyboard.press("Enter")
    for page in (ana.page, bo.page):
        expect(page.locator(".link-card")).to_have_count(0)
    ana.page.reload()
    ana.sees("Look at")
    expect(ana.page.locator(".link-card")).to_have_count(0)


def test_an_edit_takes_the_card_along(person, site):
    ana, bo = person("Ana", None), person("Bo", None)
    id = ana.direct(bo)
    bo.open("/c/" + id)
    message = ana.post(id, small_page(site))
    expect(card(bo.page, "A small picture")).to_be_visible()
    bo.page.reload()
    expect(card(bo.page, "A small picture")).to_be_visible()
    ana.api("PATCH", f"/messages/{message['id']}", {"text": "no link any more"})
    expect(bo.page.locator(".link-card")).to_have_count(0)


def test_what_a_page_says_is_text(person, site):
    ana, bo = person("Ana", None), person("Bo", None)
    id = ana.direct(bo)
    bo.open("/c/" + id)
    ana.post(id, site.page("/", "&lt;img src=x onerror=alert(1)&gt; **bold**"))
    expect(card(bo.page, "<img src=x onerror=alert(1)> **bold**")).to_be_visible()
    expect(bo.page.locator(".link-card img, .link-card strong")).to_have_count(0)


@pytest.mark.parametrize("device", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cards_are_accessible_and_fit(person, site, scheme, device):
    options = PHONE if device == "phone" else {}
    ana, bo = person("Ana", None, color_scheme=scheme, **options), person("Bo", None)
    id = ana.direct(bo)
    ana.open("/c/" + id)
    for url in (wide_page(site), small_page(site), site.page("/none", "Only a title", site.meta("og:description", "And words."))):
        ana.post(id, f"See {url}")
        bo.post(id, f"And see {url}?again")
        site.pages[url.removeprefix(site.url) + "?again"] = site.pages[url.removeprefix(site.url)]
    bo.post(id, small_page(site))
    for title in ("A rather long title", "A small picture", "Only a title"):
        ana.page.locator(".messages-place").hover()
        expect(card(ana.page, title).first).to_be_attached()
    ana.page.wait_for_function("() => [...document.querySelectorAll('.link-card img')].every(({ complete }) => complete)")
    # Nothing is wider than its bubble, or the page.
    assert ana.page.evaluate("""() => [...document.querySelectorAll('.link-card')].every((card) => {
      const inner = card.getBoundingClientRect(), outer = card.closest('.bubble').getBoundingClientRect();
      return inner.left >= outer.left && inner.right <= outer.right && outer.right <= innerWidth + 0.5;
    })""")
    if SHOTS:
        ana.page.screenshot(path=f"{SHOTS}/cards-{device}-{scheme}.png")
    found = Axe().run(ana.page).response["violations"]
    assert found == [], [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
