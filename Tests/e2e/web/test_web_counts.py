"""The numbers of unread messages in a page are those of the database: in the list, and in the title.

The long walk is `WALK_ACTS=500 pytest Tests/e2e/web/test_web_counts.py -k walk`; WALK_SEED starts it elsewhere.
"""

import os
import random
import re
import time

import pytest
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
        title = re.fullmatch(r"(?:\((\d+)\) )?Parley", shown["title"])
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


@pytest.fixture
def away(screen, server):
    """Ana, whose page shows the list, and Bo, who has sent her ten messages."""
    ana, bo = server.people("ana", "bo")
    conversation = bo.direct(ana)
    sent = [bo.send(conversation, f"message {number}") for number in range(1, 11)]
    page = screen(ana)
    page.comes_to_agree()
    assert page.shown()[1] == 10
    return ana, bo, conversation, sent, page


def test_what_was_read_elsewhere_is_not_unread_here(away):
    ana, _, conversation, _, page = away
    with ana.connect() as phone:
        assert phone.emit("message:read", {"conversationId": conversation, "seq": 3})["ok"]
        page.comes_to_agree()
        assert page.shown()[1] == 7
        page.cut()
        assert phone.emit("message:read", {"conversationId": conversation, "seq": 5})["ok"]
        page.mend()
        page.comes_to_agree()
        assert page.shown()[1] == 5
        page.cut()
        assert phone.emit("message:read", {"conversationId": conversation, "seq": 10})["ok"]
        page.mend()
        page.comes_to_agree()
        assert page.shown() == ({}, 0)


def test_deleted_messages_are_not_unread(away):
    _, bo, _, sent, page = away
    for message in sent[:3]:
        assert bo.request("DELETE", f"/messages/{message['id']}").ok
    page.comes_to_agree()
    assert page.shown()[1] == 7
    page.cut()
    for message in sent[3:]:
        assert bo.request("DELETE", f"/messages/{message['id']}").ok
    page.mend()
    page.comes_to_agree()
    assert page.shown() == ({}, 0)


def test_a_restored_message_is_unread_again(away, server):
    _, _, _, sent, page = away
    server.sql("SELECT moderation.remove_message(%s, 'a mistake')", sent[4]["id"])
    page.comes_to_agree()
    assert page.shown()[1] == 9
    server.sql("SELECT moderation.restore_message(%s)", sent[4]["id"])
    page.comes_to_agree()
    assert page.shown()[1] == 10


def test_ones_own_messages_and_edits_are_not_unread(away):
    ana, bo, conversation, sent, page = away
    with ana.connect() as phone:
        phone.send(conversation, "from my phone")
    assert bo.request("PATCH", f"/messages/{sent[0]['id']}", json={"text": "changed"}).ok
    bo.send(conversation, "one more")
    page.comes_to_agree()
    assert page.shown()[1] == 11


def test_who_is_removed_and_added_again_counts_from_there(screen, server):
    ana, bo = server.people("ana", "bo")
    bo.send(bo.direct(ana), "we know each other")
    ana.send(ana.direct(bo), "yes")
    group = bo.group(ana, title="Hikers")
    page = screen(ana)
    for number in range(4):
        bo.send(group, f"before {number}")
    page.comes_to_agree()
    page.cut()
    assert bo.request("DELETE", f"/conversations/{group}/members/{ana.id}").ok
    bo.send(group, "unseen")
    assert bo.post(f"/conversations/{group}/members", json={"userIds": [ana.id]}).ok
    bo.send(group, "after")
    page.mend()
    page.comes_to_agree()
    bo.send(group, "and live")
    page.comes_to_agree()


class Walk:
    """Three people on five screens do what people do, in an order that the seed decides."""

    def __init__(self, server, screen, seed):
        self.server = server
        self.pick = random.Random(seed)
        self.people = server.people("ana", "bo", "cleo")
        ana, bo, cleo = self.people
        self.group = ana.group(bo, cleo, title="Walkers", visibility="public")
        for person in (bo, cleo):
            assert person.post(f"/conversations/{self.group}/accept").ok
        self.conversations = {self.group: self.people, ana.direct(bo): [ana, bo], ana.direct(cleo): [ana, cleo]}
        # Nobody is a stranger to Ana, so nobody has to accept when she adds them.
        for person in (bo, cleo):
            person.send(person.direct(ana), "hello")
        self.phones = {person: person.connect() for person in self.people}
        self.screens = [screen(person) for person in (ana, ana, bo, bo, cleo)]
        self.sent = []
        self.journal = []

    def act(self):
        acts = [
            (self.send, 9), (self.delete, 3), (self.edit, 1), (self.react, 1), (self.read_on_phone, 3), (self.open, 4),
            (self.go_home, 3), (self.cut, 2), (self.mend, 2), (self.leave_and_join, 1), (self.remove_and_add, 1),
            (self.moderate, 1), (self.flood, 1), (self.hide, 1),
        ]
        act = self.pick.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
        self.journal.append((act.__name__, act()))

    def settle(self):
        for screen in self.screens:
            if screen.line.is_cut:
                screen.mend()
        for screen in self.screens:
            try:
                screen.comes_to_agree()
            except AssertionError as error:
                number = self.screens.index(screen)
                raise AssertionError(f"screen {number}: {error}; acts: {self.journal[-40:]}") from None

    def close(self):
        for phone in self.phones.values():
            phone.close()

    def send(self):
        conversation = self.pick.choice(list(self.conversations))
        sender = self.pick.choice(self.conversations[conversation])
        self.sent.append((sender, self.phones[sender].send(conversation, f"line {len(self.sent)}")))
        return sender.username, conversation[-4:]

    def flood(self):
        conversation = self.pick.choice(list(self.conversations))
        sender = self.pick.choice(self.conversations[conversation])
        for _ in range(30):
            self.sent.append((sender, self.phones[sender].send(conversation, f"line {len(self.sent)}")))
        return sender.username, conversation[-4:]

    def some_message(self):
        return self.pick.choice(self.sent[-40:]) if self.sent else (None, None)

    def delete(self):
        sender, message = self.some_message()
        if sender:
            sender.request("DELETE", f"/messages/{message['id']}")
            return message["conversationId"][-4:], message["seq"]

    def edit(self):
        sender, message = self.some_message()
        if sender:
            sender.request("PATCH", f"/messages/{message['id']}", json={"text": "edited"})

    def react(self):
        sender, message = self.some_message()
        if sender:
            self.phones[sender].emit("message:react", {"messageId": message["id"], "emoji": "👍", "add": True})

    def moderate(self):
        sender, message = self.some_message()
        if sender is None:
            return
        # What its sender has deleted, a moderator can neither delete nor restore.
        for act in ("remove_message(%s, 'a mistake')", "restore_message(%s)"):
            try:
                self.server.sql("SELECT moderation." + act, message["id"])
            except Exception:
                return
            if self.pick.random() < 0.5:
                return

    def read_on_phone(self):
        conversation = self.pick.choice(list(self.conversations))
        person = self.pick.choice(self.conversations[conversation])
        last = self.server.sql("SELECT last_seq FROM conversations WHERE id = %s", conversation)[0][0]
        seq = max(0, last - self.pick.randrange(6))
        self.phones[person].emit("message:read", {"conversationId": conversation, "seq": seq})
        return person.username, conversation[-4:], seq

    def open(self):
        screen = self.pick.choice(self.screens)
        mine = [id for id, people in self.conversations.items() if screen.person in people]
        conversation = self.pick.choice(mine)
        screen.go(f"/c/{conversation}")
        return self.screens.index(screen), conversation[-4:]

    def go_home(self):
        screen = self.pick.choice(self.screens)
        screen.go("/")
        return self.screens.index(screen)

    def cut(self):
        screen = self.pick.choice(self.screens)
        screen.cut()
        return self.screens.index(screen)

    def mend(self):
        screen = self.pick.choice(self.screens)
        # It finds out by itself.
        screen.line.mend()
        return self.screens.index(screen)

    def leave_and_join(self):
        person = self.pick.choice(self.people[1:])
        assert person.post(f"/conversations/{self.group}/leave").ok
        if self.pick.random() < 0.5:
            self.phones[self.people[0]].send(self.group, "in between")
        assert person.post(f"/conversations/{self.group}/join").ok
        return person.username

    def hide(self):
        conversation = self.pick.choice([id for id in self.conversations if id != self.group])
        person = self.pick.choice(self.conversations[conversation])
        assert person.post(f"/conversations/{conversation}/hide").ok
        return person.username, conversation[-4:]

    def remove_and_add(self):
        owner, person = self.people[0], self.pick.choice(self.people[1:])
        assert owner.request("DELETE", f"/conversations/{self.group}/members/{person.id}").ok
        if self.pick.random() < 0.5:
            self.phones[owner].send(self.group, "in between")
        assert owner.post(f"/conversations/{self.group}/members", json={"userIds": [person.id]}).ok
        return person.username


def test_a_random_walk_of_three_people_on_five_screens(server, screen):
    acts = int(os.environ.get("WALK_ACTS", "60"))
    walk = Walk(server, screen, int(os.environ.get("WALK_SEED", "1")))
    try:
        for number in range(1, acts + 1):
            walk.act()
            if number % 20 == 0:
                walk.settle()
        walk.settle()
    finally:
        walk.close()
