"""A status beside the name, and do not disturb: they belong to the account, and others see them."""

import re

from axe_playwright_python.sync_playwright import Axe
from devices import PHONE
from playwright.sync_api import expect

from parley import until

# Records notifications and sounds, and pretends that nobody looks at the page.
SILENT_PAGE = """
  window.shown = [];
  window.tones = 0;
  window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(title, { body }) { window.shown.push(body); }
    close() {}
  };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...rest) { window.tones += 1; return start.apply(this, rest); };
  localStorage.setItem('parley.notifications', 'on');
  localStorage.setItem('parley.sound', 'on');
  document.hasFocus = () => false;
"""


def test_a_status_is_shown_to_others_and_follows_to_other_devices(person):
    ana, bo = person("Ana", None), person("Bo", None)
    path = "/c/" + ana.direct(bo)
    bo.direct(ana)
    bo.open(path)
    ana.open("/profile")
    other = ana.new_tab()
    other.goto(ana.url + "/profile")
    form = ana.page.get_by_role("form", name="Status")
    expect(form.get_by_role("button", name="Set status")).to_be_disabled()
    form.get_by_role("button", name="Choose an emoji").click()
    ana.page.get_by_role("dialog").get_by_role("textbox").fill("palm tree")
    ana.page.get_by_role("dialog").get_by_role("button", name="palm tree").click()
    form.get_by_role("textbox", name="What you are up to").fill("On holiday")
    form.get_by_role("combobox").select_option("In a week")
    form.get_by_role("button", name="Set status").click()
    said = "\N{PALM TREE} On holiday"
    expect(bo.page.locator(".subtitle")).to_contain_text(said)
    expect(bo.page.locator(".conversation-item")).to_contain_text(said)
    expect(other.locator(".details-head")).to_contain_text(said)
    expect(other.get_by_role("textbox", name="What you are up to")).to_have_value("On holiday")
    bo.open(path + "/details")
    expect(bo.page.get_by_role("main")).to_contain_text(said)
    # It ends by itself, by the clock of whoever looks.
    ana.api("PATCH", "/auth/me", {"statusMessage": {"text": "gone soon", "until": "2125-01-01T00:00:00Z"}})
    bo.open(path)
    expect(bo.page.locator(".subtitle")).to_contain_text("gone soon")
    bo.page.clock.install(time="2125-01-01T00:00:00Z")
    bo.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(bo.page.locator(".status")).to_have_count(0)
    form.get_by_role("button", name="Clear status").click()
    expect(other.locator(".details-head .status")).to_have_count(0)
    assert "statusMessage" not in ana.api("GET", "/auth/me")


def test_who_does_not_want_to_be_disturbed_hears_nothing_and_others_see_it(person):
    ana, bo = person("Ana", None), person("Bo", None)
    conversation = ana.direct(bo)
    bo.direct(ana)
    ana.context.add_init_script(SILENT_PAGE)
    bo.open(f"/c/{conversation}")
    ana.open("/profile")
    section = ana.page.get_by_role("region", name="Do not disturb")
    section.get_by_role("button", name="For 8 hours").click()
    expect(section.get_by_role("status").first).to_contain_text("On until")
    expect(bo.page.locator(".subtitle")).to_contain_text("do not disturb")
    for place in (".conversation-item", ".pane-head"):
        expect(bo.page.locator(f"{place} .presence.is-quiet")).to_be_visible()
    bo.say("are you there?")
    # The badge goes on, and nothing else: what is shown after silence has ended shows that nothing was before.
    expect(ana.page).to_have_title(re.compile(r"^\(1\)"))
    section.get_by_role("button", name="End now").click()
    expect(bo.page.locator(".subtitle")).not_to_contain_text("do not disturb")
    assert ana.page.evaluate("window.tones") == 0
    bo.say("and now?")
    ana.page.wait_for_function("() => window.shown.some((text) => text.includes('and now?')) && window.tones > 0")
    assert ana.page.evaluate("window.shown") == ["and now?"]
    # Daily hours: the switch takes usual ones, and what is chosen is kept when the field is left.
    section.get_by_role("switch").check()
    section.get_by_label("From", exact=True).fill("00:00")
    section.get_by_label("To", exact=True).fill("23:59")
    section.get_by_label("To", exact=True).blur()
    zone = ana.page.evaluate("new Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(section.get_by_text(f"By the clocks of {zone}")).to_be_visible()
    expect(section.get_by_label("To", exact=True)).to_have_value("23:59")
    expect(bo.page.locator(".conversation-item .presence.is-quiet")).to_be_visible()
    until(lambda: ana.api("GET", "/auth/me")["doNotDisturb"] == {"hours": {"from": "00:00", "to": "23:59", "timeZone": zone}}, "the hours are kept")


def test_hours_follow_other_devices_and_show_what_is_kept(person):
    ana = person("Ana", None)

    def keep(start, end):
        hours = {"from": start, "to": end, "timeZone": "UTC"}
        ana.api("PATCH", "/auth/me", {"doNotDisturb": {"hours": hours}})

    keep("22:00", "07:00")
    ana.open("/profile")
    section = ana.page.get_by_role("region", name="Do not disturb")
    start, end = (section.get_by_label(name, exact=True) for name in ("From", "To"))
    expect(start).to_have_value("22:00")
    # Another device changes them while a field has the focus: leaving it changes nothing.
    start.focus()
    keep("21:00", "06:00")
    expect(start).to_have_value("21:00")
    start.blur()
    # What cannot be kept is not shown as if it were.
    ana.page.route("**/auth/me", lambda route: route.fulfill(status=500) if route.request.method == "PATCH" else route.continue_())
    start.fill("20:00")
    start.blur()
    expect(start).to_have_value("21:00")
    ana.page.unroute("**/auth/me")
    ana.problems.clear()
    # The second change is made while the first is on its way.
    held = []
    ana.page.route("**/auth/me", lambda route: held.append(route) if not held and route.request.method == "PATCH" else route.continue_())
    start.fill("20:00")
    end.fill("05:00")
    end.blur()
    until(lambda: ana.page.evaluate("1") and held, "the first change is on its way")
    expect(end).to_have_value("05:00")
    held[0].continue_()
    wanted = {"from": "20:00", "to": "05:00"}
    until(lambda: ana.page.evaluate("1") and wanted.items() <= ana.api("GET", "/auth/me")["doNotDisturb"]["hours"].items(), "both changes are kept")
    expect(start).to_have_value("20:00")
    expect(end).to_have_value("05:00")


def test_the_forms_of_status_and_silence_fit_a_phone_and_can_be_used_by_everybody(person):
    ana = person("Ana", "/profile", **PHONE)
    ana.api("PATCH", "/auth/me", {
        "statusMessage": {"text": "W" * 100, "emoji": "\N{PALM TREE}", "until": "2125-01-01T00:00:00Z"},
        "doNotDisturb": {"until": "2125-01-01T00:00:00Z", "hours": {"from": "22:00", "to": "07:00", "timeZone": "UTC"}},
    })
    expect(ana.page.get_by_role("button", name="End now")).to_be_visible()
    assert ana.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    problems = Axe().run(ana.page).response["violations"]
    assert problems == [], [(problem["id"], problem["nodes"][0]["html"]) for problem in problems]
