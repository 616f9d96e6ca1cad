"""Fixtures of the browser tests: Chromium, and people who are signed in to the server under test."""

import itertools
import os
import re
import time
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from screen import Screen

PASSWORD = "correct horse battery staple"

# When something counts as hung. This is never a bound on a page's speed.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

_numbers = itertools.count(int(time.time()) % 1_000_000)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        # Chromium's sandbox needs user namespaces, which root in a container does not have.
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"], timeout=PATIENCE)
        yield browser
        browser.close()


@dataclass
class Person:
    """A person with an account and a browser of their own."""

    url: str
    username: str
    name: str
    id: str
    token: str
    context: BrowserContext
    page: Page
    problems: list = field(default_factory=list)

    def api(self, method, path, data=None):
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.context.request.fetch(self.url + path, method=method, headers=headers, data=data)
        assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
        return answer.json() if answer.body() else None

    def direct(self, other):
        """Opens the direct conversation with a person, who opens it as well: it is in the lists of both."""
        other.open_direct(self)
        return self.open_direct(other)

    def open_direct(self, other):
        """Opens the direct conversation with a person, who does not see a new one before its first message."""
        return self.api("POST", "/conversations", {"kind": "direct", "userId": other.id})["id"]

    def post(self, conversation_id, text, number=0):
        """Sends over REST, without the page."""
        body = {"conversationId": conversation_id, "text": text, "clientId": f"{self.username}-{number}-{time.time_ns()}"}
        return self.api("POST", "/messages", body)["message"]

    def new_tab(self):
        return self.watch(self.context.new_page())

    def heard(self, message):
        # On a busy machine the page gives up an attempt to connect that takes long, and begins another one.
        is_given_up = message.text.endswith("WebSocket is closed before the connection is established.")
        if message.type in ("error", "warning") and not is_given_up:
            self.problems.append(message.text)

    def watch(self, page):
        """From now on, records every error in a page as a problem."""
        page.on("console", self.heard)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and self.problems.append(f"{answer.status} {answer.url}"))
        return page

    def open(self, path="/"):
        self.page.goto(self.url + path)
        return self

    # Content of the page

    @property
    def composer(self):
        return self.page.get_by_role("textbox", name="Message", exact=True)

    def say(self, text):
        self.composer.fill(text)
        self.composer.press("Enter")

    def message(self, text):
        return self.page.get_by_role("article").filter(has_text=text)

    def sees(self, text):
        expect(self.message(text).first).to_be_visible()

    def attach(self, *files):
        self.page.locator("input[type=file]").set_input_files(list(files))

    def menu(self, text, item):
        row = self.message(text).first
        row.hover()
        row.get_by_role("button", name="Message actions").click()
        self.page.get_by_role("menuitem", name=item).click()


@pytest.fixture
def person(browser, server):
    """Makes people: `ana = person("Ana")`. An error in their pages fails the test, unless the test removes it."""
    people = []

    def make(name, path="/", of=browser, **options):
        context = of.new_context(base_url=server.url, **{"viewport": {"width": 1200, "height": 800}, **options})
        context.set_default_timeout(PATIENCE)
        username = (re.sub("[^a-z]", "", name.lower().split()[0])[:12] or "someone") + str(next(_numbers))
        headers = {"X-Parley-Cookie": "1", "Origin": server.url}
        body = {"username": username, "password": PASSWORD, "displayName": name}
        answer = context.request.post(server.url + "/auth/register", data=body, headers=headers)
        assert answer.status == 201, answer.text()
        session = answer.json()
        page = context.new_page()
        made = Person(server.url, username, name, session["user"]["id"], session["accessToken"], context, page)
        # The page learns of the session as it would by itself: by the hint beside the cookie.
        page.goto(server.url + "/login")
        page.evaluate("id => localStorage.setItem('parley.signedIn', id)", made.id)
        made.watch(page)
        if path is not None:
            made.open(path)
        people.append(made)
        return made

    yield make
    for made in people:
        made.context.close()
    for made in people:
        assert made.problems == [], f"{made.name}'s page"


@pytest.fixture
def two(person):
    """Two people in their conversation."""
    ana, bo = person("Ana", None), person("Bo", None)
    path = "/c/" + ana.direct(bo)
    # Before its first message, it is only there for who has opened it.
    bo.direct(ana)
    ana.open(path)
    bo.open(path)
    for who in (ana, bo):
        expect(who.composer).to_be_visible()
        expect(who.page.locator(".subtitle")).to_have_text("online")
    return ana, bo


@pytest.fixture
def screen(browser, server):
    screens = []

    def make(person):
        made = Screen(browser, server, person)
        screens.append(made)
        return made

    yield make
    for made in screens:
        made.close()
