"""Lines in a conversation of what happens to a group: who comes and goes, and what it is called."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def group(person):
    ana, bo, chiara = person("Ana", None), person("Bo", None), person("Chiara", None)
    group = ana.api("POST", "/conversations", {"kind": "group", "title": "Team", "memberIds": [bo.id]})["id"]
    bo.api("POST", f"/conversations/{group}/accept")
    return ana, bo, chiara, group


def notice(person, text):
    return person.page.locator(".group-notice").filter(has_text=text)


def test_notices_come_live_at_their_place_and_stay_after_a_reload(group, server):
    ana, bo, chiara, team = group
    ana.post(team, "first words")
    bo.open(f"/c/{team}")
    bo.sees("first words")
    ana.api("POST", f"/conversations/{team}/members", {"userIds": [chiara.id]})
    expect(notice(bo, "added")).to_have_count(1)
    ana.post(team, "second words")
    bo.sees("second words")
    ana.api("PATCH", f"/conversations/{team}", {"title": "Hikers"})
    expect(notice(bo, "renamed")).to_be_visible()
    chiara.api("POST", f"/conversations/{team}/leave")
    expect(notice(bo, "left")).to_be_visible()
    server.sql("UPDATE conversations SET title = 'By hand' WHERE id = %s", team)
    expect(notice(bo, "is called")).to_be_visible()
    for _ in range(2):
        shown = bo.page.locator(".group-notice, article")
        expect(shown).to_have_count(6)
        found = [text.replace("\u2068", "").replace("\u2069", "") for text in shown.all_inner_texts()]
        assert "first words" in found[0] and "second words" in found[2]
        assert [found[1], *found[3:]] == [
            "Ana added Chiara", "Ana renamed the group to “Hikers”", "Chiara left", "The group is called “By hand” now",
        ]
        bo.page.reload()
        bo.sees("second words")
    ana.open(f"/c/{team}")
    expect(notice(ana, "You added")).to_be_visible()


def test_screen_readers_are_told_what_others_do_and_not_what_was(group):
    ana, bo, chiara, team = group
    ana.api("PATCH", f"/conversations/{team}", {"title": "Crew"})
    bo.open(f"/c/{team}")
    log = bo.page.locator(".visually-hidden[role=log]")
    expect(notice(bo, "Crew")).to_be_visible()
    expect(log).to_have_text("")
    ana.api("POST", f"/conversations/{team}/members", {"userIds": [chiara.id]})
    expect(log.locator("p")).to_have_text(["\u2068Ana\u2069 added \u2068Chiara\u2069"])
    ana.post(team, "first words")
    expect(log).to_contain_text("Ana: first words")
    ana.api("PATCH", f"/conversations/{team}", {"title": "Hikers"})
    expect(log).to_contain_text("renamed the group")
    # Each line is read once: what is there stays as it is. What the user does is no news to them.
    expect(log.locator("p")).to_have_count(3)
    chiara.api("POST", f"/conversations/{team}/leave")
    expect(log.locator("p").last).to_contain_text("left")
    ana.open(f"/c/{team}")
    expect(notice(ana, "Hikers")).to_be_visible()
    own = ana.page.locator(".visually-hidden[role=log]")
    ana.api("PATCH", f"/conversations/{team}", {"title": "Walkers"})
    expect(notice(ana, "Walkers")).to_be_visible()
    expect(own).to_have_text("")


def test_what_a_moderator_removes_goes_from_open_pages(group, server):
    ana, bo, _, team = group
    ana.post(team, "first words")
    bo.open(f"/c/{team}")
    bo.sees("first words")
    for title in ("Bad words", "Good words"):
        ana.api("PATCH", f"/conversations/{team}", {"title": title})
        expect(notice(bo, title)).to_be_visible()
    server.sql("DELETE FROM notices WHERE title = 'Bad words' AND conversation_id = %s", team)
    expect(notice(bo, "Bad words")).to_have_count(0)
    expect(notice(bo, "Good words")).to_be_visible()


def test_a_line_of_another_day_than_its_message_says_when(group, server):
    ana, bo, _, team = group
    ana.post(team, "first words")
    server.sql(
        "INSERT INTO notices (conversation_id, seq, kind, title, at) VALUES (%s, 1, 'renamed', 'Then', '2020-02-03T12:00Z')", team)
    ana.api("PATCH", f"/conversations/{team}", {"title": "Now"})
    bo.open(f"/c/{team}")
    expect(notice(bo, "Then").locator("time")).to_contain_text("2020")
    expect(notice(bo, "renamed")).to_be_visible()
    expect(notice(bo, "renamed").locator("time")).to_have_count(0)


def test_many_lines_leave_a_group_without_messages_as_it_is(group, server):
    _, bo, _, team = group
    for number in range(40):
        server.sql("UPDATE conversations SET title = %s WHERE id = %s", f"Title {number}.", team)
    bo.open(f"/c/{team}")
    lines = bo.page.locator(".group-notice")
    expect(lines).to_have_count(3)
    expect(lines.last).to_contain_text("Title 39.")
    last, empty = lines.last.bounding_box(), bo.page.locator(".messages-place .empty").bounding_box()
    assert last["y"] + last["height"] <= empty["y"]


def test_hundreds_who_come_are_one_line_and_hide_nothing(group, server):
    ana, bo, _, team = group
    ana.post(team, "first words")
    server.sql(
        """INSERT INTO notices (conversation_id, seq, kind, actor, people, count)
        SELECT %s, 1, 'joined', %s, ARRAY[%s]::uuid[], 1 FROM generate_series(1, 250)""", team, ana.id, ana.id)
    bo.open(f"/c/{team}")
    expect(notice(bo, "249 others joined")).to_be_visible()
    expect(bo.page.locator(".group-notice")).to_have_count(1)
    ana.post(team, "second words")
    ana.api("PATCH", f"/conversations/{team}", {"title": "Hikers"})
    expect(notice(bo, "Hikers")).to_be_visible()
    expect(notice(bo, "249 others joined")).to_have_count(1)
