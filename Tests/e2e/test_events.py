"""docs/EVENTS.md is true: it has every event, and every field of what the server sends."""

import json
import re

from parley import ROOT

WIRE = json.loads((ROOT / "Tests/wire.json").read_text())


def rows(heading):
    """(events, payload, acknowledgement or audience) of the table under a heading."""
    text = (ROOT / "docs/EVENTS.md").read_text()
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            events, payload, last = (cell.strip() for cell in line.strip("|").split("|"))
            yield re.findall(r"`([^`]+)`", events), payload, last


def fields(text):
    """The names in `{a, b?: [c], d: {e: f}}`, and those that are not optional."""
    names, depth, start = [], 0, 1
    for index, character in enumerate(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(character, 0)
        if character == "," and depth == 1 or depth == 0:
            names.append(text[start:index].split(":")[0].strip())
            start = index + 1
        if depth == 0:
            break
    return {name.rstrip("?") for name in names}, {name for name in names if not name.endswith("?")}


def test_every_event_of_a_client_is_described():
    described = {event: ack for events, _, ack in rows("From the client") for event in events}
    assert set(described) == set(WIRE["clientEvents"])
    for event, ack in described.items():
        # All that change a message are acknowledged alike.
        sample = WIRE["acknowledgements"].get("message:send" if event in (
            "message:edit", "message:delete", "message:react", "message:dismissCard") else event, {"full": {"ok": True}})
        assert set(re.findall(r"`(\w+)", ack)) == set(sample["full"]) - {"ok"}, event
        for name, nested in re.findall(r"`(\w+): \[(\{[^`]*\})\]`", ack):
            every, required = fields(nested)
            assert set(sample["full"][name][0]) == every and set(sample["sparse"][name][0]) == required, event


def test_every_event_of_the_server_is_described():
    described = {event: payload for events, payload, _ in rows("From the server") for event in events}
    assert set(described) == set(WIRE["serverEvents"])
    for event, payload in described.items():
        sample = WIRE["serverEvents"][event]
        if match := re.match(r"`(\{.*\})`", payload):
            every, required = fields(match[1])
        else:
            schema = WIRE["schemas"][re.match(r"`(\w+)`", payload)[1]]
            every, required = set(schema["full"]), set(schema["sparse"])
        assert set(sample["full"]) == every and set(sample["sparse"]) == required, event
