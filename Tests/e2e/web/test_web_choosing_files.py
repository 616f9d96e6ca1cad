"""Files on their way: folders, what cannot be read, and what is refused."""

import re

from playwright.sync_api import expect


def drop(who, path):
    """Drops a file or folder of the disk, as a person would."""
    client = who.context.new_cdp_session(who.page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        client.send("Input.dispatchDragEvent", {"type": kind, "x": 700, "y": 300, "data": data})


def tray(who):
    return who.page.get_by_role("list", name="Attachments").get_by_role("listitem")


def test_a_dropped_folder_is_its_files(two, tmp_path):
    ana, bo = two
    folder = tmp_path / "Holidays"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "inner" / "b.txt").write_text("two")
    drop(ana, folder)
    expect(tray(ana)).to_have_count(2)
    expect(ana.page.locator(".tray-item.is-done")).to_have_count(2)
    ana.say("two files")
    expect(bo.message("two files").get_by_role("link", name=re.compile("Download [ab].txt"))).to_have_count(2)
    empty = tmp_path / "Nothing"
    empty.mkdir()
    drop(ana, empty)
    expect(ana.page.get_by_text("There are no files in it.")).to_be_visible()
    expect(tray(ana)).to_have_count(0)


def test_a_file_that_cannot_be_read_is_not_waited_for(two, tmp_path):
    ana, bo = two
    note = tmp_path / "note.txt"
    note.write_text("here today")
    # It is gone by the time the page reads it.
    ana.page.evaluate("() => { Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotFoundError')); }")
    ana.attach(note)
    expect(tray(ana)).to_contain_text("The file cannot be read.")
    expect(ana.page.get_by_role("button", name="Try note.txt again")).to_have_count(0)
    ana.say("without it")
    failure = ana.message("without it").get_by_role("alert")
    expect(failure).to_contain_text("The file cannot be read.")
    failure.get_by_role("button", name="Send without the file").click()
    bo.sees("without it")
    expect(ana.message("without it")).to_contain_text(re.compile("Sent|Delivered|Read"))


def test_a_file_over_the_limit_is_told_the_limit(start_server, browser, tmp_path):
    server = start_server(MAX_UPLOAD_BYTES="1000000")
    context = browser.new_context(base_url=server.url, viewport={"width": 1200, "height": 800})
    page = context.new_page()
    page.goto("/register")
    page.get_by_label("Username").fill("anasmall")
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("link", name="New conversation").first.click()
    page.get_by_role("link", name=re.compile("New group")).click()
    page.get_by_label("Group name").fill("Files")
    page.get_by_role("button", name="Create group").click()
    composer = page.get_by_role("textbox", name="Message", exact=True)
    expect(composer).to_be_visible()
    big = tmp_path / "big.bin"
    big.write_bytes(b"0" * 1_100_000)
    page.locator("input[type=file]").set_input_files(str(big))
    item = page.get_by_role("list", name="Attachments").get_by_role("listitem")
    expect(item).to_contain_text("The file is too large: at most 1.0 MB.")
    expect(page.get_by_role("button", name="Try big.bin again")).to_have_count(0)
    composer.press("Enter")
    failure = page.get_by_role("article").get_by_role("alert")
    expect(failure).to_contain_text("at most 1.0 MB")
    # Nothing would be left to send.
    expect(failure.get_by_role("button", name=re.compile("Try again|Send without"))).to_have_count(0)
    failure.get_by_role("button", name="Discard").click()
    expect(failure).to_have_count(0)
    # What the page says in passing leaves the tray in view.
    page.locator("input[type=file]").set_input_files([str(big)] * 11)
    notice = page.get_by_text("A message can have at most 10 files.")
    expect(notice).to_be_visible()
    expect(item).to_have_count(10)
    tray_top = page.get_by_role("list", name="Attachments").bounding_box()["y"]
    box = notice.bounding_box()
    assert box["y"] + box["height"] < tray_top
    context.close()
