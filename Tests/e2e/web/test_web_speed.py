"""What the page does for each message and each conversation, in counts: no clock and no machine's speed has an influence."""

import re
import threading

import pytest
from playwright.sync_api import expect

from parley import until

# Every message and every entry of the list that is rendered says a time.
COUNT_RENDERS = """
  window.renders = 0;
  const times = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format");
  Object.defineProperty(Intl.DateTimeFormat.prototype, "format", { ...times, get() { window.renders += 1; return times.get.call(this); } });
"""

# How often the messages change on the screen, and when something is typed, whether it is there in the same task.
COUNT_CHANGES = """
  () => {
    window.changes = 0;
    new MutationObserver(() => { window.changes += 1; }).observe(document.querySelector(".virtual-list-rows"), { childList: true });
  }
"""


class Line:
    """A WebSocket whose packets from the server can be held back."""

    def __init__(self, page):
        self.isHeld, self.held, self.page = threading.Event(), [], page
        page.route_web_socket(re.compile("/socket.io/"), self.connect)

    def connect(self, socket):
        self.socket = socket
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(lambda packet: self.held.append(packet) if self.isHeld.is_set() else socket.send(packet))

    def release(self):
        self.isHeld.clear()
        for packet in self.held:
            self.socket.send(packet)


@pytest.fixture
def many(person, server):
    """Ana, who is in 1,000 groups. In the one that she and Bo write in nothing was written before."""
    ana, bo = person("Ana", None), person("Bo", None)
    server.sql(
        """WITH made AS (
             INSERT INTO conversations (id, kind, visibility, title, created_at, active_at)
             SELECT gen_random_uuid(), 'group', 'private', 'Group ' || n, now() - n * interval '1 minute', now() - n * interval '1 minute' FROM generate_series(1, 1000) AS n RETURNING id
           )
           INSERT INTO members (conversation_id, user_id, role) SELECT id, %s, 'owner' FROM made""",
        ana.id)
    return ana, bo


def test_a_list_of_a_thousand_conversations_renders_what_is_in_view(many):
    ana, bo = many
    conversation = ana.direct(bo)
    ana.post(conversation, "the latest")
    ana.open()
    items = ana.page.locator(".conversation-item")
    # The list comes in pages; its height says when all of them are there.
    rows = ana.page.locator(".conversation-rows > li")
    expect(rows.first).to_have_attribute("aria-setsize", "1001")
    assert items.count() <= 60
    expect(items.first).to_contain_text("the latest")
    scroller = ana.page.locator(".conversation-list")
    scroller.evaluate("element => { element.scrollTop = element.scrollHeight; }")
    expect(items.filter(has=ana.page.get_by_text("Group 1000", exact=True))).to_be_in_viewport()
    assert items.count() <= 60
    # What comes to the top moves nothing of what is in view.
    item = items.filter(has=ana.page.get_by_text("Group 992", exact=True))
    expect(item).to_be_in_viewport()
    before = item.bounding_box()["y"]
    bo.post(conversation, "moves to the top")
    other = ana.api("POST", "/conversations", {"kind": "group", "title": "The newest"})["id"]
    expect(rows.first).to_have_attribute("aria-setsize", "1002")
    assert abs(item.bounding_box()["y"] - before) < 1
    # With the keyboard, the next one is always there. Behind each is the button of its menu.
    item.focus()
    for number in (993, 994):
        ana.page.keyboard.press("Tab")
        ana.page.keyboard.press("Tab")
        assert f"Group {number}" in ana.page.evaluate("document.activeElement.textContent")
    # An entry that has the focus stays, however far the list is scrolled.
    scroller.evaluate("element => { element.scrollTop = 0; }")
    expect(ana.page.locator(f'.conversation-item[href$="{other}"]')).to_be_in_viewport()
    assert "Group 994" in ana.page.evaluate("document.activeElement.textContent")
    assert items.count() <= 60


def test_a_message_renders_itself_and_its_neighbor(person):
    """And the entry of its conversation, twice: with it, and as read."""
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    for number in range(40):
        bo.post(conversation, f"line {number}.", number)
        ana.post(conversation, f"answer {number}.", number)
    ana.page.add_init_script(COUNT_RENDERS)
    ana.open(f"/c/{conversation}")
    bo.open(f"/c/{conversation}")
    expect(ana.page.locator(".subtitle")).to_have_text("online")
    expect(ana.message("answer 39.")).to_contain_text("Read")
    ana.page.evaluate("renders = 0")
    for number in range(20):
        bo.say(f"new {number}.")
        ana.sees(f"new {number}.")
    rendered = ana.page.evaluate("renders")
    # Each render of a message asks for two times, that of an entry for one.
    assert rendered <= 20 * 10, f"{rendered} times for 20 messages"
    assert rendered >= 20, "nothing was counted"


def test_messages_that_arrive_together_are_shown_together(person):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    ana.post(conversation, "before")
    line = Line(ana.page)
    ana.open(f"/c/{conversation}")
    expect(ana.page.locator(".subtitle")).to_have_text(re.compile("online|offline|last seen"))
    expect(ana.message("before")).to_be_visible()
    ana.page.evaluate(COUNT_CHANGES)
    line.isHeld.set()
    for number in range(100):
        bo.post(conversation, f"entry {number}.", number)
    until(lambda: ana.page.wait_for_timeout(50) or sum("message:received" in packet for packet in line.held) == 100, "100 messages")
    line.release()
    expect(ana.message("entry 99.")).to_be_in_viewport()
    assert ana.page.evaluate("changes") <= 20


def test_the_messages_of_an_address_do_not_wait_for_the_list(person):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    for number in range(3):
        bo.post(conversation, f"line {number}.", number)
    held = []
    ana.page.route(re.compile(r"/conversations\?"), lambda route: held.append(route))
    ana.page.route_web_socket(re.compile("/socket.io/"), lambda socket: None)
    ana.open(f"/c/{conversation}")
    expect(ana.message("line 2.")).to_be_visible()
    # What was shown is not all that there is: the list comes later.
    expect(ana.page.locator(".sidebar .spinner")).to_be_visible()
    until(lambda: ana.page.wait_for_timeout(50) or held, "the list is asked for")
    for route in held:
        route.continue_()
    expect(ana.page.locator(".conversation-item")).to_have_count(1)
