"""A browser of a person, whose numbers of unread messages are compared with the database."""

import re
import time

from lines import Line
from playwright.sync_api import expect

from parley import PASSWORD

UNREAD = """
    SELECT m.conversation_id::text, count(*)::int FROM members me JOIN messages m ON m.conversation_id = me.conversation_id
        JOIN conversations c ON c.id = me.conversation_id
    WHERE me.user_id = %s AND m.seq > me.read_seq AND m.sender_id <> me.user_id AND m.deleted_at IS NULL
        -- The list has no hidden conversations.
        AND c.last_seq > coalesce(CASE me.user_id WHEN c.direct_low THEN c.hidden_low_seq ELSE c.hidden_high_seq END, -1)
    GROUP BY 1
"""

SHOWN = """
    () => ({
      title: document.title,
      badges: Object.fromEntries([...document.querySelectorAll("a.conversation-item")].map((item) =>
        [item.getAttribute("href").slice(3), Number(item.querySelector(".badge [aria-hidden]")?.textContent ?? 0)])),
      isAway: document.querySelector(".banner") !== null,
    })
"""


def database_counts(server, person):
    return {conversation: count for conversation, count in server.sql(UNREAD, person.id) if count > 0}


class Screen:
    """A browser of a person, on a line of its own."""

    def __init__(self, browser, server, person):
        self.server, self.person = server, person
        self.line = Line(server.port)
        self.context = browser.new_context(base_url=self.line.url, viewport={"width": 1100, "height": 500})
        headers = {"X-Parley-Cookie": "1", "Origin": self.line.url}
        body = {"username": person.username, "password": PASSWORD}
        answer = self.context.request.post(self.line.url + "/auth/login", data=body, headers=headers)
        assert answer.ok, answer.text()
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.goto("/login")
        self.page.evaluate("id => localStorage.setItem('parley.signedIn', id)", person.id)
        self.page.goto("/")
        expect(self.page.get_by_role("navigation", name="Conversations")).to_be_visible()
        self.wait_until_online()

    def cut(self):
        self.line.cut()

    def mend(self):
        self.line.mend()
        retry = self.page.get_by_role("button", name="Retry now")
        if retry.is_visible():
            retry.click()
        self.wait_until_online()

    def wait_until_online(self):
        expect(self.page.locator(".banner")).to_have_count(0)

    def go(self, path):
        """Opens a view without loading the page again."""
        self.page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)

    def shown(self):
        """The numbers of the list, and their sum by the title."""
        shown = self.page.evaluate(SHOWN)
        title = re.fullmatch(r"(?:\((\d+)\) )?(?:.+ · )?Parley", shown["title"])
        assert title, shown["title"]
        return {key: count for key, count in shown["badges"].items() if count > 0}, int(title[1] or 0)

    def agrees(self):
        wanted = database_counts(self.server, self.person)
        return self.shown() == (wanted, sum(wanted.values()))

    def comes_to_agree(self, patience=30):
        """Waits until the page shows what the database has, and still does a moment later."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.agrees():
                self.page.wait_for_timeout(300)
                if self.agrees():
                    return
            self.page.wait_for_timeout(100)
        wanted = database_counts(self.server, self.person)
        raise AssertionError(f"{self.person.username}'s page shows {self.shown()}, the database has {wanted}")

    def close(self):
        self.context.close()
        self.line.close()
