"""The time of pages, on which no machine's speed has an influence."""

RELOAD = "() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => location.reload(); port2.postMessage(0); }"
"""Loads the page again once the test has gone on, without a timer."""


def stop_time(page):
    """From now on the time of this browser's pages stands still: what they show next needs no timer. `page.clock`, which has
    to be installed before they are opened, lets it pass."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
