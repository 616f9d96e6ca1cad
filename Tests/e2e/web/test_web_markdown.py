"""What people write in Markdown, as the page shows it."""

import re

from playwright.sync_api import expect

TEXT = """**bold**, *slanted*, ~~gone~~, `code()` and ||a secret||
> quoted
- one
- two
```python
def f(x):
    return x  # nothing
```
see [the map](https://example.org/map) <b>no</b>"""


def test_marks_are_shown_and_what_was_written_is_kept(two):
    ana, bo = two
    ana.composer.fill(TEXT)
    ana.composer.press("Enter")
    row = bo.message("bold")
    for element, text in (("strong", "bold"), ("em", "slanted"), ("s", "gone"), ("p > code", "code()"), ("blockquote", "quoted"), ("li", "one")):
        expect(row.locator(element).first).to_have_text(text)
    link = row.get_by_role("link", name="the map")
    expect(link).to_have_attribute("href", "https://example.org/map")
    expect(row).to_contain_text("<b>no</b>")
    assert row.locator("b").count() == 0
    block = row.get_by_role("region", name="Code")
    expect(block).to_have_text(re.compile(r"def f\(x\):\n    return x  # nothing"))
    expect(block.locator(".code-keyword").first).to_have_text("def")
    expect(block.locator(".code-comment")).to_have_text("# nothing")
    # Hidden words are shown to those who ask.
    spoiler = row.get_by_role("button", name="Hidden words: show them")
    expect(bo.page.get_by_role("navigation", name="Conversations")).not_to_contain_text("a secret")
    spoiler.click()
    expect(row.locator(".spoiler.is-shown")).to_have_text("a secret")
    bo.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row.get_by_role("button", name="Copy code").click()
    assert bo.page.evaluate("() => navigator.clipboard.readText()") == "def f(x):\n    return x  # nothing"
    ana.menu("bold", "Edit")
    expect(ana.composer).to_have_value(TEXT)


def test_long_code_scrolls_in_its_box_and_long_texts_are_cut(two):
    ana, bo = two
    conversation = ana.page.url.rsplit("/", 1)[1]
    ana.post(conversation, "```\n" + "x\n" * 3_990 + "```")
    code = bo.page.get_by_role("region", name="Code")
    expect(code).to_be_visible()
    box = code.evaluate("element => [element.clientHeight, element.scrollHeight]")
    assert box[0] <= 400 < 50_000 < box[1]
    ana.post(conversation, "a line\n" * 80)
    row = bo.message("a line")
    more = row.get_by_role("button", name="Show more")
    expect(more).to_be_visible()
    cut = row.bounding_box()["height"]
    assert cut < 480
    more.click()
    expect(row.get_by_role("button", name="Show less")).to_be_visible()
    assert row.bounding_box()["height"] > 1_000
