"""The history of a conversation keeps its place while older pages are inserted above."""

from playwright.sync_api import expect

# Holds back each older page that has arrived until `releaseOlder` is called.
HOLD_OLDER_PAGES = """
  const fetch = window.fetch;
  window.fetch = async (address, ...rest) => {
    const answer = await fetch(address, ...rest);
    if (!String(address).includes("before=")) return answer;
    const text = await answer.text();
    await new Promise((resolve) => { window.releaseOlder = resolve; });
    return new Response(text, answer);
  };
"""

# Scrolls to `top`, and by `further` at the moment at which the page above is inserted, before any event can report it.
# Returns which of the visible messages moved in any frame from then on.
PUT_IN_OLDER_PAGE = """
  async (element, [top, further]) => {
    const frame = () => new Promise(requestAnimationFrame);
    const places = () => new Map([...element.querySelectorAll("article")].map((article) =>
      [article.innerText.match(/entry \\d+/)[0], article.getBoundingClientRect()]));
    const inView = () => {
      const view = element.getBoundingClientRect();
      return [...places()].filter(([, place]) => place.bottom > view.top && place.top < view.bottom);
    };
    element.scrollTop = top;
    while (window.releaseOlder === undefined || inView().length === 0) await frame();
    const height = element.scrollHeight;
    element.scrollTop += further;
    const before = inView();
    const moved = new Set();
    const look = async () => {
      await frame();
      const now = places();
      for (const [text, place] of before) {
        if (!(Math.abs(now.get(text)?.top - place.top) < 2)) moved.add(`${text}: ${place.top} -> ${now.get(text)?.top}`);
      }
    };
    window.releaseOlder();
    window.releaseOlder = undefined;
    while (element.scrollHeight <= height) await look();
    // What observers of sizes change comes with the next frame.
    await look();
    await look();
    return [...moved];
  }
"""


def test_scrolling_up_keeps_its_place_and_reaches_the_beginning(person, server):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    for number in range(330):
        ana.post(conversation, f"entry {number}. " + "word " * (number * 7 % 90), number)
    # The page opens at the first unread message, so he has read them all.
    server.sql(
        "UPDATE members SET delivered_seq = 330, read_seq = 330 WHERE conversation_id = %s AND user_id = %s",
        conversation, bo.id)
    bo.page.add_init_script(HOLD_OLDER_PAGES)
    bo.open(f"/c/{conversation}")
    expect(bo.message("entry 329.")).to_be_in_viewport()
    scroller = bo.page.get_by_role("region", name="Messages")

    # A window of 50 messages, and pages of 100. At the very top, the first message of the day loses the day's mark.
    for top, further in ((300, 0), (0, 0), (300, 200)):
        expect(bo.page.get_by_text("This is where the conversation begins")).not_to_be_attached()
        assert scroller.evaluate(PUT_IN_OLDER_PAGE, [top, further]) == []
    expect(bo.page.get_by_text("This is where the conversation begins")).to_be_attached()
    scroller.evaluate("element => { element.scrollTop = 0; }")
    expect(bo.message("entry 0.")).to_be_in_viewport()
    assert bo.page.get_by_role("article").count() < 80, "the list renders more than what is in view"


# Of what is in a list, each measurement has another height: the page must not go after it for ever.
NEVER_SETTLES = """
    const measured = Element.prototype.getBoundingClientRect;
    window.measurements = 0;
    Element.prototype.getBoundingClientRect = function () {
      const box = measured.call(this);
      if (!this.matches("[role=listitem], .conversation-rows > li")) return box;
      window.measurements += 1;
      return new DOMRect(box.x, box.y, box.width, box.height + 8 * (window.measurements % 2));
    };
"""


def test_lists_whose_sizes_never_settle_are_shown_all_the_same(person):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    # An odd number, so that each is measured another time in every round.
    for number in range(5):
        ana.post(conversation, f"entry {number}.", number)
    for title in ("Hikers", "Bikers"):
        bo.api("POST", "/conversations", {"kind": "group", "title": title})
    bo.page.add_init_script(NEVER_SETTLES)
    bo.open(f"/c/{conversation}")
    bo.sees("entry 4.")
    ana.post(conversation, "entry 5.", 5)
    bo.sees("entry 5.")
    expect(bo.page.get_by_role("navigation", name="Conversations").get_by_role("link", name="Bikers")).to_be_visible()
    # It ends by itself: two frames pass in which nothing is measured.
    bo.page.wait_for_function("""async () => {
        const before = window.measurements;
        for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
        return before > 0 && before === window.measurements;
    }""")
