"""Voice messages, with a microphone that Chromium makes up: it beeps."""

import os
import re

import pytest
from playwright.sync_api import expect

from parley import until

DEVICES = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

# Browsers say in this way why there is no microphone.
REFUSE = "name => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name)); }"


@pytest.fixture
def speakers(browser, person):
    """Ana, whose browser has a microphone, and Bo, in their conversation."""
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    chromium = browser.browser_type.launch(executable_path=executable, args=["--no-sandbox", *DEVICES])
    ana, bo = person("Ana", None, of=chromium), person("Bo", None)
    conversation = ana.direct(bo)
    for who in (ana, bo):
        who.open(f"/c/{conversation}")
    for who in (ana, bo):
        expect(who.page.locator(".subtitle")).to_have_text("online")
    yield ana, bo
    ana.context.close()
    chromium.close()


def record(who):
    """Records until something was heard."""
    who.page.get_by_role("button", name="Record a voice message").click()
    expect(who.page.get_by_role("status").filter(has_text="Recording")).to_be_attached()
    expect(who.page.get_by_role("timer")).to_have_text(re.compile(r"0:(0[1-9]|[1-9]\d)"))
    loud = "path => path.getAttribute('d').split('M').slice(1).some(bar => { const [, from, to] = /([\\d.]+)V([\\d.]+)/.exec(bar); return to - from > 6; })"
    until(lambda: who.page.wait_for_timeout(50) or who.page.locator(".recorder-levels path").evaluate(loud), "the level shows a beep")


def test_a_voice_message_is_recorded_sent_and_played(speakers):
    ana, bo = speakers
    ana.composer.fill("")
    record(ana)
    expect(ana.page.get_by_role("button", name="Send voice message")).to_be_focused()
    ana.page.keyboard.press("Enter")
    expect(ana.composer).to_be_focused()
    for who in (ana, bo):
        expect(who.page.get_by_role("article").get_by_role("group", name="Voice message")).to_be_visible()
    message = bo.api("GET", f"/messages?conversationId={bo.page.url.rsplit('/', 1)[1]}")["messages"][0]
    [upload] = message["attachments"]
    # A busy browser records less than its clock says.
    assert upload["kind"] == "audio" and upload["duration"] > 0.5, upload
    assert len(upload["waveform"]) == 100 and max(upload["waveform"]) > 20
    sound = bo.page.get_by_role("group", name="Voice message")
    expect(sound.locator(".wave path").first).to_have_attribute("d", re.compile("M.*V"))
    sound.get_by_role("button", name="Play Voice message").click()
    until(lambda: bo.page.wait_for_timeout(50) or bo.page.locator("audio").evaluate("audio => audio.currentTime > 0 || audio.ended"), "it plays")
    for speed in ("1.5", "2", "1"):
        sound.get_by_role("button", name=re.compile("Speed")).click()
        expect(sound.get_by_role("button", name=f"Speed: {speed}×")).to_be_visible()
        assert bo.page.locator("audio").evaluate("audio => audio.playbackRate") == float(speed)


def test_a_recording_is_discarded_or_kept_but_never_sent_unasked(speakers):
    ana, bo = speakers
    record(ana)
    ana.page.keyboard.press("Escape")
    expect(ana.composer).to_be_focused()
    # Whoever goes elsewhere finds it among the files.
    record(ana)
    ana.page.get_by_role("link", name="Your profile").click()
    ana.page.go_back()
    expect(ana.page.get_by_role("list", name="Attachments")).to_contain_text("voice-message")
    expect(ana.page.get_by_role("button", name="Record a voice message")).to_be_visible()
    assert ana.page.get_by_role("article").count() == 0
    tracks = "navigator.mediaDevices.enumerateDevices().then(devices => devices.length)"
    assert ana.page.evaluate(tracks) > 0


@pytest.mark.parametrize("name, words", [
    ("NotAllowedError", "does not let this page use the microphone"),
    ("NotFoundError", "No microphone was found"),
    ("NotReadableError", "Does another program use it?"),
])
def test_why_nothing_can_be_recorded_is_said(two, name, words):
    ana, _ = two
    ana.page.evaluate(REFUSE, name)
    ana.page.get_by_role("button", name="Record a voice message").click()
    expect(ana.page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    ana.page.get_by_role("button", name="Close", exact=True).press("Enter")
    expect(ana.composer).to_be_focused()
