"""The page of a server that is below a path."""

import pytest
from drawings import png
from playwright.sync_api import expect


@pytest.fixture
def server(start_server):
    return start_server(BASE_PATH="/chat")


def test_the_page_works_below_a_path(browser, server, tmp_path):
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    problems, asked = [], []
    page.on("console", lambda message: message.type == "error" and problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.url + "/register")
    page.get_by_label("Username").fill("anabelow")
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("searchbox", name="Search")).to_be_visible()
    assert page.url == server.url + "/"

    ana = context.request.post(
        server.url + "/auth/login", data={"username": "anabelow", "password": "correct horse battery staple"}).json()
    group = context.request.post(
        server.url + "/conversations", data={"kind": "group", "title": "Below"},
        headers={"Authorization": f"Bearer {ana['accessToken']}"}).json()["id"]
    page.get_by_role("link", name="Below").click()
    assert page.url == f"{server.url}/c/{group}"
    composer = page.get_by_role("textbox", name="Message", exact=True)
    composer.fill("said below a path")
    composer.press("Enter")
    expect(page.get_by_role("article").filter(has_text="said below a path")).to_be_visible()

    picture = tmp_path / "drawing.png"
    png(picture, 300, 200)
    page.locator("input[type=file]").set_input_files([str(picture)])
    composer.press("Enter")
    shown = page.get_by_role("article").locator("img").last
    expect(shown).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 0", arg=shown.element_handle())

    # A deep link, the socket, lazy scripts and the session's cookie.
    page.reload()
    expect(page.get_by_role("article").filter(has_text="said below a path")).to_be_visible()
    page.get_by_role("link", name="Your profile").click()
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()
    # Another server on this origin must not share them.
    kept = page.evaluate("Object.keys(localStorage)")
    assert "parley:chat.signedIn" in kept and all(key.startswith("parley:chat.") for key in kept)
    assert problems == []
    root = server.url.removesuffix("/chat")
    assert [url for url in asked if url.startswith(root) and not url.startswith(server.url + "/")] == []
    context.close()
